using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Identity.Migrations
{
    /// <inheritdoc />
    internal partial class GatewayNames : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "gateway_names",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    gateway = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    names = table.Column<string>(type: "TEXT", maxLength: 17000, nullable: false),
                    serial = table.Column<string>(type: "TEXT", maxLength: 40, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_gateway_names", x => new { x.tenant_id, x.gateway });
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "gateway_names");
        }
    }
}
