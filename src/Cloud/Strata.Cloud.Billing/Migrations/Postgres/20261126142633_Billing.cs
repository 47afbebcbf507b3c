using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Billing.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Billing : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "credit_notes",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    month = table.Column<int>(type: "integer", nullable: false),
                    amount_minor = table.Column<long>(type: "bigint", nullable: false),
                    reason = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    issued = table.Column<long>(type: "bigint", nullable: false),
                    issued_by = table.Column<string>(type: "text", nullable: false),
                    signature = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_credit_notes", x => new { x.tenant_id, x.number });
                });

            migrationBuilder.CreateTable(
                name: "plan_assignments",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    from_month = table.Column<int>(type: "integer", nullable: false),
                    plan = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    assigned = table.Column<long>(type: "bigint", nullable: false),
                    assigned_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_plan_assignments", x => new { x.tenant_id, x.from_month });
                });

            migrationBuilder.CreateTable(
                name: "price_plans",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    from_month = table.Column<int>(type: "integer", nullable: false),
                    document = table.Column<string>(type: "text", nullable: false),
                    created = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_price_plans", x => new { x.name, x.from_month });
                });

            migrationBuilder.CreateTable(
                name: "sla_maintenance",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    begins = table.Column<long>(type: "bigint", nullable: false),
                    ends = table.Column<long>(type: "bigint", nullable: false),
                    reason = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    announced = table.Column<long>(type: "bigint", nullable: false),
                    announced_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sla_maintenance", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "sla_minutes",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    minute = table.Column<int>(type: "integer", nullable: false),
                    probe_ingest = table.Column<bool>(type: "boolean", nullable: true),
                    probe_api = table.Column<bool>(type: "boolean", nullable: true),
                    ingest_acknowledged = table.Column<long>(type: "bigint", nullable: false),
                    ingest_failed = table.Column<long>(type: "bigint", nullable: false),
                    ingest_p95micros = table.Column<long>(type: "bigint", nullable: true),
                    api_calls = table.Column<long>(type: "bigint", nullable: false),
                    api_failed = table.Column<long>(type: "bigint", nullable: false),
                    owed = table.Column<long>(type: "bigint", nullable: false),
                    delivered = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sla_minutes", x => new { x.tenant_id, x.minute });
                });

            migrationBuilder.CreateTable(
                name: "sla_objectives",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    from_month = table.Column<int>(type: "integer", nullable: false),
                    target = table.Column<int>(type: "integer", nullable: true),
                    limit_micros = table.Column<long>(type: "bigint", nullable: true),
                    credits = table.Column<string>(type: "text", nullable: false),
                    since = table.Column<long>(type: "bigint", nullable: false),
                    created = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sla_objectives", x => new { x.tenant_id, x.kind, x.from_month });
                });

            migrationBuilder.CreateTable(
                name: "statements",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    month = table.Column<int>(type: "integer", nullable: false),
                    currency = table.Column<string>(type: "character varying(3)", maxLength: 3, nullable: false),
                    total_minor = table.Column<long>(type: "bigint", nullable: false),
                    document = table.Column<string>(type: "text", nullable: false),
                    usage = table.Column<string>(type: "text", nullable: false),
                    usage_digest = table.Column<string>(type: "text", nullable: false),
                    digest = table.Column<string>(type: "text", nullable: false),
                    signature = table.Column<string>(type: "text", nullable: false),
                    closed = table.Column<long>(type: "bigint", nullable: false),
                    closed_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_statements", x => new { x.tenant_id, x.month });
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "credit_notes");

            migrationBuilder.DropTable(
                name: "plan_assignments");

            migrationBuilder.DropTable(
                name: "price_plans");

            migrationBuilder.DropTable(
                name: "sla_maintenance");

            migrationBuilder.DropTable(
                name: "sla_minutes");

            migrationBuilder.DropTable(
                name: "sla_objectives");

            migrationBuilder.DropTable(
                name: "statements");
        }
    }
}
