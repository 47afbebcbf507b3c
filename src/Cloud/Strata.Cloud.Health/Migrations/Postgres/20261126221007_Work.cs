using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Health.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Work : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "site_windows",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    site = table.Column<string>(type: "text", nullable: true),
                    begins = table.Column<long>(type: "bigint", nullable: false),
                    ends = table.Column<long>(type: "bigint", nullable: false),
                    reason = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    created = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_site_windows", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "work_orders",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    state = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    site = table.Column<string>(type: "text", nullable: true),
                    due = table.Column<long>(type: "bigint", nullable: false),
                    assignee = table.Column<string>(type: "text", nullable: true),
                    window = table.Column<string>(type: "text", nullable: true),
                    parts = table.Column<string>(type: "text", nullable: false),
                    items = table.Column<string>(type: "text", nullable: false),
                    note = table.Column<string>(type: "text", nullable: true),
                    created = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<string>(type: "text", nullable: false),
                    closed = table.Column<long>(type: "bigint", nullable: true),
                    closed_by = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_work_orders", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateIndex(
                name: "ix_site_windows_tenant_id_ends",
                table: "site_windows",
                columns: new[] { "tenant_id", "ends" });

            migrationBuilder.CreateIndex(
                name: "ix_work_orders_tenant_id_closed",
                table: "work_orders",
                columns: new[] { "tenant_id", "closed" });

            migrationBuilder.CreateIndex(
                name: "ix_work_orders_tenant_id_state",
                table: "work_orders",
                columns: new[] { "tenant_id", "state" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "site_windows");

            migrationBuilder.DropTable(
                name: "work_orders");
        }
    }
}
