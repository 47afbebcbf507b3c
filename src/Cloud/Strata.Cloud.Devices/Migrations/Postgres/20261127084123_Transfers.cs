using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Devices.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Transfers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "copied",
                table: "decommissions",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "goes_as",
                table: "decommissions",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "goes_to",
                table: "decommissions",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "transfers",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    is_given = table.Column<bool>(type: "boolean", nullable: false),
                    other = table.Column<string>(type: "text", nullable: false),
                    device = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    state = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    readings = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    model = table.Column<string>(type: "text", nullable: true),
                    serial = table.Column<string>(type: "text", nullable: true),
                    offers = table.Column<long>(type: "bigint", nullable: false),
                    expires = table.Column<long>(type: "bigint", nullable: false),
                    actor = table.Column<string>(type: "text", nullable: false),
                    new_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true),
                    site = table.Column<string>(type: "text", nullable: true),
                    decommission = table.Column<string>(type: "text", nullable: true),
                    copied = table.Column<long>(type: "bigint", nullable: false),
                    finished = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_transfers", x => new { x.tenant_id, x.id });
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "transfers");

            migrationBuilder.DropColumn(
                name: "copied",
                table: "decommissions");

            migrationBuilder.DropColumn(
                name: "goes_as",
                table: "decommissions");

            migrationBuilder.DropColumn(
                name: "goes_to",
                table: "decommissions");
        }
    }
}
