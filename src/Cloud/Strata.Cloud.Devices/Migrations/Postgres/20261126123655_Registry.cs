using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Devices.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Registry : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "audit",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<long>(type: "bigint", nullable: false),
                    time = table.Column<long>(type: "bigint", nullable: false),
                    actor = table.Column<string>(type: "text", nullable: false),
                    action = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    subject = table.Column<string>(type: "text", nullable: false),
                    detail = table.Column<string>(type: "text", nullable: true),
                    before = table.Column<string>(type: "text", nullable: true),
                    after = table.Column<string>(type: "text", nullable: true),
                    origin = table.Column<string>(type: "text", nullable: true),
                    result = table.Column<string>(type: "text", nullable: false, defaultValue: "done")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "audit_marks",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    kind = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false),
                    hash = table.Column<string>(type: "text", nullable: false),
                    time = table.Column<long>(type: "bigint", nullable: false),
                    signature = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_marks", x => new { x.tenant_id, x.kind });
                });

            migrationBuilder.CreateTable(
                name: "audit_seals",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false),
                    audit_id = table.Column<long>(type: "bigint", nullable: false),
                    hash = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_seals", x => new { x.tenant_id, x.number });
                });

            migrationBuilder.CreateTable(
                name: "groups",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    sites = table.Column<string>(type: "text", nullable: false),
                    window_ms = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_groups", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "join_tokens",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    token_hash = table.Column<string>(type: "text", nullable: false),
                    site = table.Column<string>(type: "text", nullable: true),
                    expires = table.Column<long>(type: "bigint", nullable: false),
                    uses_left = table.Column<int>(type: "integer", nullable: false),
                    last_gateway = table.Column<string>(type: "text", nullable: true),
                    created_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_join_tokens", x => new { x.tenant_id, x.token_hash });
                });

            migrationBuilder.CreateTable(
                name: "rejections",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    key = table.Column<string>(type: "text", nullable: false),
                    subject = table.Column<string>(type: "text", nullable: false),
                    gateway = table.Column<string>(type: "text", nullable: true),
                    kind = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    reason = table.Column<string>(type: "text", nullable: false),
                    count = table.Column<long>(type: "bigint", nullable: false),
                    first = table.Column<long>(type: "bigint", nullable: false),
                    last = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rejections", x => new { x.tenant_id, x.key });
                });

            migrationBuilder.CreateTable(
                name: "sites",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    path = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false),
                    parent = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: true),
                    name = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sites", x => new { x.tenant_id, x.path });
                    table.ForeignKey(
                        name: "fk_sites_sites_tenant_id_parent",
                        columns: x => new { x.tenant_id, x.parent },
                        principalTable: "sites",
                        principalColumns: new[] { "tenant_id", "path" },
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "tenants",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    created = table.Column<long>(type: "bigint", nullable: false),
                    state = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, defaultValue: "Active")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tenants", x => x.tenant_id);
                });

            migrationBuilder.CreateTable(
                name: "devices",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    site = table.Column<string>(type: "character varying(512)", nullable: true),
                    model = table.Column<string>(type: "text", nullable: true),
                    heartbeat_ms = table.Column<long>(type: "bigint", nullable: false),
                    deadband = table.Column<string>(type: "text", nullable: false),
                    gateways = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    state_since = table.Column<long>(type: "bigint", nullable: false),
                    state_cause = table.Column<string>(type: "text", nullable: false),
                    secret_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_devices", x => new { x.tenant_id, x.id });
                    table.ForeignKey(
                        name: "fk_devices_sites_tenant_id_site",
                        columns: x => new { x.tenant_id, x.site },
                        principalTable: "sites",
                        principalColumns: new[] { "tenant_id", "path" },
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "gateways",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    site = table.Column<string>(type: "character varying(512)", nullable: false),
                    parent = table.Column<string>(type: "text", nullable: true),
                    secret_hash = table.Column<byte[]>(type: "bytea", nullable: true),
                    uplink = table.Column<string>(type: "text", nullable: false),
                    mqtt = table.Column<string>(type: "text", nullable: true),
                    http = table.Column<string>(type: "text", nullable: true),
                    version = table.Column<string>(type: "text", nullable: true),
                    created = table.Column<long>(type: "bigint", nullable: false),
                    joined = table.Column<long>(type: "bigint", nullable: true),
                    revision = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_gateways", x => new { x.tenant_id, x.id });
                    table.ForeignKey(
                        name: "fk_gateways_sites_tenant_id_site",
                        columns: x => new { x.tenant_id, x.site },
                        principalTable: "sites",
                        principalColumns: new[] { "tenant_id", "path" },
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "device_presence",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    device = table.Column<string>(type: "character varying(128)", nullable: false),
                    gateway = table.Column<string>(type: "text", nullable: true),
                    last_seen = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_device_presence", x => new { x.tenant_id, x.device });
                    table.ForeignKey(
                        name: "fk_device_presence_devices_tenant_id_device",
                        columns: x => new { x.tenant_id, x.device },
                        principalTable: "devices",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "gateway_presence",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    gateway = table.Column<string>(type: "character varying(128)", nullable: false),
                    last_seen = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_gateway_presence", x => new { x.tenant_id, x.gateway });
                    table.ForeignKey(
                        name: "fk_gateway_presence_gateways_tenant_id_gateway",
                        columns: x => new { x.tenant_id, x.gateway },
                        principalTable: "gateways",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.InsertData(
                table: "tenants",
                columns: new[] { "tenant_id", "created", "name" },
                values: new object[] { "main", 0L, "Main" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_tenant_id_kind_subject",
                table: "audit",
                columns: new[] { "tenant_id", "kind", "subject" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_seals_tenant_id_audit_id",
                table: "audit_seals",
                columns: new[] { "tenant_id", "audit_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_devices_tenant_id_site",
                table: "devices",
                columns: new[] { "tenant_id", "site" });

            migrationBuilder.CreateIndex(
                name: "ix_gateways_tenant_id_site",
                table: "gateways",
                columns: new[] { "tenant_id", "site" });

            migrationBuilder.CreateIndex(
                name: "ix_rejections_tenant_id_last",
                table: "rejections",
                columns: new[] { "tenant_id", "last" });

            migrationBuilder.CreateIndex(
                name: "ix_sites_tenant_id_parent",
                table: "sites",
                columns: new[] { "tenant_id", "parent" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "audit");

            migrationBuilder.DropTable(
                name: "audit_marks");

            migrationBuilder.DropTable(
                name: "audit_seals");

            migrationBuilder.DropTable(
                name: "device_presence");

            migrationBuilder.DropTable(
                name: "gateway_presence");

            migrationBuilder.DropTable(
                name: "groups");

            migrationBuilder.DropTable(
                name: "join_tokens");

            migrationBuilder.DropTable(
                name: "rejections");

            migrationBuilder.DropTable(
                name: "tenants");

            migrationBuilder.DropTable(
                name: "devices");

            migrationBuilder.DropTable(
                name: "gateways");

            migrationBuilder.DropTable(
                name: "sites");
        }
    }
}
