using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Identity.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Authorities : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "named",
                table: "certificates",
                type: "character varying(128)",
                maxLength: 128,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "challenge",
                table: "authorities",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "kind",
                table: "authorities",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "tenant");

            migrationBuilder.AddColumn<string>(
                name: "name",
                table: "authorities",
                type: "character varying(256)",
                maxLength: 256,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<int>(
                name: "reason",
                table: "authorities",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "since",
                table: "authorities",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "sku",
                table: "authorities",
                type: "character varying(200)",
                maxLength: 200,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "certificate_policies",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    lifetime_seconds = table.Column<long>(type: "bigint", nullable: false),
                    grace_seconds = table.Column<long>(type: "bigint", nullable: false),
                    allows_secrets = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_certificate_policies", x => x.tenant_id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_certificates_tenant_id_authority",
                table: "certificates",
                columns: new[] { "tenant_id", "authority" });

            migrationBuilder.CreateIndex(
                name: "ix_authorities_tenant_id_kind_name",
                table: "authorities",
                columns: new[] { "tenant_id", "kind", "name" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "certificate_policies");

            migrationBuilder.DropIndex(
                name: "ix_certificates_tenant_id_authority",
                table: "certificates");

            migrationBuilder.DropIndex(
                name: "ix_authorities_tenant_id_kind_name",
                table: "authorities");

            migrationBuilder.DropColumn(
                name: "named",
                table: "certificates");

            migrationBuilder.DropColumn(
                name: "challenge",
                table: "authorities");

            migrationBuilder.DropColumn(
                name: "kind",
                table: "authorities");

            migrationBuilder.DropColumn(
                name: "name",
                table: "authorities");

            migrationBuilder.DropColumn(
                name: "reason",
                table: "authorities");

            migrationBuilder.DropColumn(
                name: "since",
                table: "authorities");

            migrationBuilder.DropColumn(
                name: "sku",
                table: "authorities");
        }
    }
}
