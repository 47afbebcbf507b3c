using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Npgsql;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Billing;

public sealed class BillingInFilesTests(MeteredCloud cloud) : BillingTests(cloud, cloud.Meter), IClassFixture<MeteredCloud>
{
    protected override async Task AttackAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(Cloud.Folder, "registry.db")}");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }

    /// <summary>Who has the file can take its triggers away; then the signature tells.</summary>
    protected override Task ForceAsync(string sql) => AttackAsync($"DROP TRIGGER IF EXISTS statements_no_UPDATE; DROP TRIGGER IF EXISTS credit_notes_no_UPDATE; {sql}");
}

public sealed class BillingInPostgresTests(MeteredCloudOnPostgres cloud) : BillingTests(cloud, cloud.Meter), IClassFixture<MeteredCloudOnPostgres>
{
    protected override Task AttackAsync(string sql) => RunAsync(((MeteredCloudOnPostgres)Cloud).Server.Node, sql);

    protected override Task ForceAsync(string sql) => RunAsync(((MeteredCloudOnPostgres)Cloud).Server.Admin, sql);

    private async Task RunAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand($"BEGIN; SELECT set_config('strata.tenant', '{Tenant}', true); {sql}; COMMIT", connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}

/// <summary>A node whose meter says what the tests want.</summary>
public sealed class MeteredCloud : RunningCloud
{
    public GivenMeter Meter { get; } = new();

    protected override void Configure(WebApplicationBuilder builder) => Meter.Register(builder);
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class MeteredCloudOnPostgres(PostgresServer server) : RunningCloudOnPostgres(server)
{
    public GivenMeter Meter { get; } = new();

    protected override void Configure(WebApplicationBuilder builder) => Meter.Register(builder);
}
