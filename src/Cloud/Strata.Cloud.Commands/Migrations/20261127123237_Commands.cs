using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Strata.Cloud.Commands.Migrations
{
    /// <inheritdoc />
    internal partial class Commands : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "command_contents",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 210, nullable: false),
                    content = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_command_contents", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "command_runs",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    query = table.Column<string>(type: "TEXT", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    state = table.Column<string>(type: "TEXT", nullable: false),
                    expiry = table.Column<long>(type: "INTEGER", nullable: false),
                    answer_within = table.Column<long>(type: "INTEGER", nullable: false),
                    attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    priority = table.Column<int>(type: "INTEGER", nullable: false),
                    rate = table.Column<int>(type: "INTEGER", nullable: false),
                    concurrency = table.Column<int>(type: "INTEGER", nullable: true),
                    payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    found = table.Column<int>(type: "INTEGER", nullable: false),
                    made = table.Column<int>(type: "INTEGER", nullable: false),
                    refused = table.Column<int>(type: "INTEGER", nullable: false),
                    refusals = table.Column<string>(type: "TEXT", nullable: false),
                    actor = table.Column<string>(type: "TEXT", nullable: false),
                    by = table.Column<string>(type: "TEXT", nullable: false),
                    schedule = table.Column<string>(type: "TEXT", nullable: true),
                    reason = table.Column<string>(type: "TEXT", nullable: true),
                    started = table.Column<long>(type: "INTEGER", nullable: false),
                    ended = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_command_runs", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "command_schedules",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    run = table.Column<string>(type: "TEXT", nullable: false),
                    cron = table.Column<string>(type: "TEXT", nullable: true),
                    time_zone = table.Column<string>(type: "TEXT", nullable: true),
                    at = table.Column<long>(type: "INTEGER", nullable: true),
                    missed = table.Column<string>(type: "TEXT", nullable: false),
                    enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    next = table.Column<long>(type: "INTEGER", nullable: true),
                    last = table.Column<long>(type: "INTEGER", nullable: true),
                    last_run = table.Column<string>(type: "TEXT", nullable: true),
                    last_refusal = table.Column<string>(type: "TEXT", nullable: true),
                    actor = table.Column<string>(type: "TEXT", nullable: false),
                    changed = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_command_schedules", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "command_schemas",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    id = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    model = table.Column<string>(type: "TEXT", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    schema = table.Column<string>(type: "TEXT", nullable: false),
                    changed = table.Column<long>(type: "INTEGER", nullable: false),
                    by = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_command_schemas", x => new { x.tenant_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "commands",
                columns: table => new
                {
                    tenant_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    key = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    device = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    request = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    digest = table.Column<string>(type: "TEXT", nullable: false),
                    state = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    created = table.Column<long>(type: "INTEGER", nullable: false),
                    expires = table.Column<long>(type: "INTEGER", nullable: false),
                    answer_within = table.Column<long>(type: "INTEGER", nullable: false),
                    max_attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    retry_after = table.Column<long>(type: "INTEGER", nullable: false),
                    priority = table.Column<int>(type: "INTEGER", nullable: false),
                    is_direct = table.Column<bool>(type: "INTEGER", nullable: false),
                    actor = table.Column<string>(type: "TEXT", nullable: false),
                    run = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    gateway = table.Column<string>(type: "TEXT", nullable: true),
                    sent = table.Column<long>(type: "INTEGER", nullable: true),
                    delivered = table.Column<long>(type: "INTEGER", nullable: true),
                    running = table.Column<long>(type: "INTEGER", nullable: true),
                    ended = table.Column<long>(type: "INTEGER", nullable: true),
                    attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    tried = table.Column<long>(type: "INTEGER", nullable: true),
                    answer_by = table.Column<long>(type: "INTEGER", nullable: true),
                    reason = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_commands", x => new { x.tenant_id, x.key });
                });

            migrationBuilder.CreateIndex(
                name: "ix_command_runs_tenant_id_state",
                table: "command_runs",
                columns: new[] { "tenant_id", "state" });

            migrationBuilder.CreateIndex(
                name: "ix_commands_tenant_id_created",
                table: "commands",
                columns: new[] { "tenant_id", "created" });

            migrationBuilder.CreateIndex(
                name: "ix_commands_tenant_id_device_created",
                table: "commands",
                columns: new[] { "tenant_id", "device", "created" });

            migrationBuilder.CreateIndex(
                name: "ix_commands_tenant_id_ended",
                table: "commands",
                columns: new[] { "tenant_id", "ended" });

            migrationBuilder.CreateIndex(
                name: "ix_commands_tenant_id_run",
                table: "commands",
                columns: new[] { "tenant_id", "run" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "command_contents");

            migrationBuilder.DropTable(
                name: "command_runs");

            migrationBuilder.DropTable(
                name: "command_schedules");

            migrationBuilder.DropTable(
                name: "command_schemas");

            migrationBuilder.DropTable(
                name: "commands");
        }
    }
}
