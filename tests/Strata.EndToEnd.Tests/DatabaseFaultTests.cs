using Npgsql;
using Strata.Cloud.Contracts;
using Strata.Testing.Postgres;

namespace Strata.EndToEnd.Tests;

/// <summary>
/// A real cloud node on a real PostgreSQL server, and devices that keep a ledger, while the server is stopped, hangs, ends its sessions, and the node is killed: nothing acknowledged is
/// missing or there twice, health says why, everything goes on by itself, and the meter counts what is there.
/// </summary>
public sealed class DatabaseFaultTests
{
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_SEED"), out var seed) ? seed : Environment.TickCount;

    private readonly Random random = new(Seed);

    [Fact]
    public async Task What_was_acknowledged_is_there_once_whatever_becomes_of_the_server()
    {
        await using var server = PostgresServer.Own();
        var database = await server.CreateAsync();
        await using var installation = new Installation();
        var password = Path.Combine(installation.Folder, "node.password");
        await File.WriteAllTextAsync(password, "correct horse\n");
        var migrated = await Tool.RunAsync(Installation.Executable, ["database", "migrate", "--owner", database.Owner, "--node-password-file", password]);
        Assert.True(migrated.ExitCode == 0, migrated.Output + migrated.Error);
        await installation.StartCloudAsync("--database", database.Node);
        var devices = await KillTests.StartDevicesAsync(installation, "p", () => installation.CloudMqttPort);

        foreach (var fault in (string[])["end sessions", "stop", "freeze", "end sessions", "kill node", "stop", "end sessions"])
        {
            await KillTests.LetThemSendAsync(devices, random);
            switch (fault)
            {
                case "end sessions":
                    await TestDatabase.ExecuteAsync(database.Admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'strata-%'");
                    break;
                case "stop":
                    await server.StopAsync();
                    await UnwellAsync(installation, "failing");
                    await server.StartAgainAsync();
                    break;
                case "freeze":
                    await server.FreezeAsync();
                    await UnwellAsync(installation, "degraded");
                    await server.ThawAsync();
                    break;
                default:
                    await installation.Cloud.KillAsync();
                    await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
                    break;
            }
        }
        await KillTests.LetThemSendAsync(devices, random);
        await Eventually.IsAsync(() => installation.Client.GetHealthAsync(), h => h.Checks.All(c => c.Status == "ok"), "the node is well again");
        foreach (var device in devices)
        {
            await device.EndAsync();
            await KillTests.AssertLedgerAsync(installation, device);
        }
        var usage = await installation.Client.GetUsageAsync(devices[0].Start.AddDays(-2).ToString("O"), TimeProvider.System.GetUtcNow().AddDays(1).ToString("O"));
        await using (var connection = await TestDatabase.OpenAsync(database.Admin))
        await using (var count = new NpgsqlCommand("SELECT count(*) FROM (SELECT DISTINCT tenant_id, series, time FROM telemetry_readings) r", connection))
            Assert.Equal((long)(await count.ExecuteScalarAsync(TestContext.Current.CancellationToken))!, usage.ReadingsStored); // Metered in its own transaction, a repeat not once more.
        TestContext.Current.TestOutputHelper?.WriteLine($"{devices.Sum(d => d.Acknowledged)} readings acknowledged over seven faults, each there once (seed {Seed})");
    }

    /// <summary>Health says of the store how it is, and why.</summary>
    private static Task<HealthInfo> UnwellAsync(Installation installation, string status) => Eventually.IsAsync(
        () => installation.Client.GetHealthAsync(),
        h => h.Checks.Any(c => c.Name == "store" && c.Status == status && c.Detail.Contains("acknowledged", StringComparison.Ordinal)), $"health says that the store is {status}");
}
