using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Artifacts.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Artifacts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "artifact_contents",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    added = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_artifact_contents", x => new { x.tenant_id, x.sha256 });
                });

            migrationBuilder.CreateTable(
                name: "artifact_keys",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    algorithm = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    public_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    not_before = table.Column<long>(type: "bigint", nullable: true),
                    not_after = table.Column<long>(type: "bigint", nullable: true),
                    added = table.Column<long>(type: "bigint", nullable: false),
                    added_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_artifact_keys", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "artifact_policies",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    threshold = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_artifact_policies", x => x.tenant_id);
                });

            migrationBuilder.CreateTable(
                name: "artifacts",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(160)", maxLength: 160, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    manifest = table.Column<byte[]>(type: "bytea", nullable: false),
                    signatures = table.Column<string>(type: "text", nullable: false),
                    bom = table.Column<byte[]>(type: "bytea", nullable: true),
                    added = table.Column<long>(type: "bigint", nullable: false),
                    added_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_artifacts", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "artifact_deltas",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    artifact = table.Column<string>(type: "character varying(160)", maxLength: 160, nullable: false),
                    @base = table.Column<string>(name: "base", type: "character varying(64)", maxLength: 64, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    format = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_artifact_deltas", x => new { x.tenant_id, x.artifact, x.@base });
                    table.ForeignKey(
                        name: "fk_artifact_deltas_artifacts_tenant_id_artifact",
                        columns: x => new { x.tenant_id, x.artifact },
                        principalTable: "artifacts",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "artifact_contents");

            migrationBuilder.DropTable(
                name: "artifact_deltas");

            migrationBuilder.DropTable(
                name: "artifact_keys");

            migrationBuilder.DropTable(
                name: "artifact_policies");

            migrationBuilder.DropTable(
                name: "artifacts");
        }
    }
}
