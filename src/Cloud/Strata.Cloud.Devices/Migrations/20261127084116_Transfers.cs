using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Devices.Migrations
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
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "goes_as",
                table: "decommissions",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "goes_to",
                table: "decommissions",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "transfers",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    is_given = table.Column<bool>(type: "INTEGER", nullable: false),
                    other = table.Column<string>(type: "TEXT", nullable: false),
                    device = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    state = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    readings = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    model = table.Column<string>(type: "TEXT", nullable: true),
                    serial = table.Column<string>(type: "TEXT", nullable: true),
                    offers = table.Column<long>(type: "INTEGER", nullable: false),
                    expires = table.Column<long>(type: "INTEGER", nullable: false),
                    actor = table.Column<string>(type: "TEXT", nullable: false),
                    new_id = table.Column<string>(type: "TEXT", maxLength: 128, nullable: true),
                    site = table.Column<string>(type: "TEXT", nullable: true),
                    decommission = table.Column<string>(type: "TEXT", nullable: true),
                    copied = table.Column<long>(type: "INTEGER", nullable: false),
                    finished = table.Column<long>(type: "INTEGER", nullable: true)
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
