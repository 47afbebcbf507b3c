using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Installer.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Mountings : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "mountings",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    device = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    site = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false),
                    from_site = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: true),
                    note = table.Column<string>(type: "text", nullable: true),
                    done = table.Column<long>(type: "bigint", nullable: false),
                    received = table.Column<long>(type: "bigint", nullable: false),
                    done_by = table.Column<string>(type: "text", nullable: false),
                    photo_bytes = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_mountings", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "mounting_photos",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    mounting = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    content = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_mounting_photos", x => new { x.tenant_id, x.mounting });
                    table.ForeignKey(
                        name: "fk_mounting_photos_mountings_tenant_id_mounting",
                        columns: x => new { x.tenant_id, x.mounting },
                        principalTable: "mountings",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_mountings_tenant_id_device_received",
                table: "mountings",
                columns: new[] { "tenant_id", "device", "received" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "mounting_photos");

            migrationBuilder.DropTable(
                name: "mountings");
        }
    }
}
