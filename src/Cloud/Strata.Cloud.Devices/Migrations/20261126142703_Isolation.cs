using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Devices.Migrations
{
    /// <inheritdoc />
    internal partial class Isolation : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "tenant_keys",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    wrapped = table.Column<byte[]>(type: "BLOB", nullable: false),
                    wrapped_by = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    is_active = table.Column<bool>(type: "INTEGER", nullable: false),
                    created = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tenant_keys", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "tenant_placements",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    level = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    is_apart = table.Column<bool>(type: "INTEGER", nullable: false),
                    target = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    renews = table.Column<bool>(type: "INTEGER", nullable: false),
                    is_changing = table.Column<bool>(type: "INTEGER", nullable: false),
                    done = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    change = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    started = table.Column<long>(type: "INTEGER", nullable: true),
                    finished = table.Column<long>(type: "INTEGER", nullable: true),
                    detail = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tenant_placements", x => x.tenant_id);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "tenant_keys");

            migrationBuilder.DropTable(
                name: "tenant_placements");
        }
    }
}
