using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Health.Migrations
{
    /// <inheritdoc />
    internal partial class Answers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "answered",
                table: "work_orders",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_work_orders_tenant_id_created",
                table: "work_orders",
                columns: new[] { "tenant_id", "created" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_work_orders_tenant_id_created",
                table: "work_orders");

            migrationBuilder.DropColumn(
                name: "answered",
                table: "work_orders");
        }
    }
}
