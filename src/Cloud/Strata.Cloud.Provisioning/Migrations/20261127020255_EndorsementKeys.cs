using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Provisioning.Migrations
{
    /// <inheritdoc />
    internal partial class EndorsementKeys : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "endorsement_keys",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    key_hash = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    group = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    registration = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    key = table.Column<byte[]>(type: "BLOB", nullable: false),
                    added = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_endorsement_keys", x => new { x.tenant_id, x.key_hash });
                });

            migrationBuilder.CreateIndex(
                name: "ix_endorsement_keys_tenant_id_group_registration",
                table: "endorsement_keys",
                columns: new[] { "tenant_id", "group", "registration" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "endorsement_keys");
        }
    }
}
