using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Identity.Migrations
{
    /// <inheritdoc />
    internal partial class NamedCertificates : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_certificates_tenant_id_named",
                table: "certificates",
                columns: new[] { "tenant_id", "named" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_certificates_tenant_id_named",
                table: "certificates");
        }
    }
}
