using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Tenancy.Migrations
{
    /// <inheritdoc />
    internal partial class Shares : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "share",
                table: "tokens",
                type: "TEXT",
                maxLength: 64,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "shares",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    content = table.Column<string>(type: "TEXT", nullable: false),
                    to_tenant = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    calls_per_minute = table.Column<int>(type: "INTEGER", nullable: false),
                    readings_per_second = table.Column<int>(type: "INTEGER", nullable: false),
                    created = table.Column<long>(type: "INTEGER", nullable: false),
                    expires = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_shares", x => new { x.tenant_id, x.name });
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "shares");

            migrationBuilder.DropColumn(
                name: "share",
                table: "tokens");
        }
    }
}
