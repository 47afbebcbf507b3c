using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Tenancy.Migrations
{
    /// <inheritdoc />
    internal partial class Digests : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "digest",
                table: "memberships",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<byte[]>(
                name: "digest",
                table: "mails",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "until",
                table: "mails",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "user_id",
                table: "mails",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "digest",
                table: "memberships");

            migrationBuilder.DropColumn(
                name: "digest",
                table: "mails");

            migrationBuilder.DropColumn(
                name: "until",
                table: "mails");

            migrationBuilder.DropColumn(
                name: "user_id",
                table: "mails");
        }
    }
}
