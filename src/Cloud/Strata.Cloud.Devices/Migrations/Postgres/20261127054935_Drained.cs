using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Devices.Migrations.Postgres
{
    /// <inheritdoc />
    internal partial class Drained : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "drained",
                table: "decommissions",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "undelivered",
                table: "decommissions",
                type: "integer",
                nullable: false,
                defaultValue: 0);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "drained",
                table: "decommissions");

            migrationBuilder.DropColumn(
                name: "undelivered",
                table: "decommissions");
        }
    }
}
