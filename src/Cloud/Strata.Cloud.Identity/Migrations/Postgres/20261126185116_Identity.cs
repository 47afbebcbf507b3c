using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Identity.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Identity : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "authorities",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    certificate = table.Column<byte[]>(type: "bytea", nullable: false),
                    above = table.Column<byte[]>(type: "bytea", nullable: false),
                    key = table.Column<byte[]>(type: "bytea", nullable: false),
                    wrapped_by = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    is_trusted = table.Column<bool>(type: "boolean", nullable: false),
                    not_after = table.Column<long>(type: "bigint", nullable: false),
                    created = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_authorities", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "certificates",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    serial = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    authority = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    device = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    use = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    not_before = table.Column<long>(type: "bigint", nullable: false),
                    not_after = table.Column<long>(type: "bigint", nullable: false),
                    key_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    standing = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    reason = table.Column<int>(type: "integer", nullable: true),
                    since = table.Column<long>(type: "bigint", nullable: true),
                    issued = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_certificates", x => new { x.tenant_id, x.serial });
                });

            migrationBuilder.CreateIndex(
                name: "ix_certificates_tenant_id_device",
                table: "certificates",
                columns: new[] { "tenant_id", "device" });

            migrationBuilder.CreateIndex(
                name: "ix_certificates_tenant_id_key_hash",
                table: "certificates",
                columns: new[] { "tenant_id", "key_hash" });

            migrationBuilder.CreateIndex(
                name: "ix_certificates_tenant_id_not_after",
                table: "certificates",
                columns: new[] { "tenant_id", "not_after" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "authorities");

            migrationBuilder.DropTable(
                name: "certificates");
        }
    }
}
