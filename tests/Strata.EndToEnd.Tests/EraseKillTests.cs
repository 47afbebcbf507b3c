using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Cloud;
using Strata.Cloud.Contracts;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.EndToEnd.Tests;

/// <summary>kill -9 of a node while it archives and erases what devices have sent: it goes on by itself, the archive is whole, nothing is left, and another tenant's device of the same name keeps all.</summary>
public sealed class EraseKillTests
{
    private const int Readings = 3_000;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_SEED"), out var seed) ? seed : Environment.TickCount;

    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_ROUNDS"), out var rounds) ? rounds : 2;

    private readonly Random random = new(Seed);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task In_files() => RunAsync();

    [Fact]
    public async Task In_PostgreSQL()
    {
        await using var server = PostgresServer.Own();
        await using var database = await server.CreateAsync();
        await CloudDatabase.Schema.MigrateAsync(DatabaseAddress.Parse(database.Owner), null, Cancel);
        await RunAsync("--database", database.Node);
    }

    private async Task RunAsync(params string[] further)
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync(further);
        await installation.Client.CreateTenantAsync(new CreateTenant("other"), Cancel);
        var kills = 0;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var tenant in (string?[])[null, "other"])
                await SendAsync(installation, tenant, $"d-{round}");
            var begun = await Tool.RunAsync(Installation.Executable, ["devices", "decommission", $"d-{round}", "--wipe-within", "00:00:00", "--readings", round % 2 == 0 ? "archive" : "erase", "--data", installation.CloudFolder]);
            Assert.True(begun.ExitCode == 0, begun.Error);
            DecommissionInfo info;
            var inRound = 0;
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 2_500)), TimeProvider.System, Cancel);
                info = await installation.Client.GetDecommissionAsync($"d-{round}", Cancel);
                if (info.State != "done")
                {
                    inRound++;
                    await installation.Cloud.KillAsync();
                    await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
                }
            }
            while (info.State != "done" && inRound < 5);
            kills += inRound;
            info = await Eventually.IsAsync(() => installation.Client.GetDecommissionAsync($"d-{round}", Cancel), i => i.State == "done", $"the end of d-{round} (seed {Seed})");
            Assert.Equal(Readings, info.Count);
            Assert.Equal(0, (await installation.Client.CountReadingsAsync($"d-{round}", Cancel)).Count);
            Assert.Equal(Readings * (round + 1), (await installation.ClientOf("other").CountReadingsAsync(cancellationToken: Cancel)).Count);
            if (round % 2 == 0)
            {
                var path = Path.Combine(installation.Folder, $"d-{round}.parquet");
                var got = await Tool.RunAsync(Installation.Executable, ["devices", "archive", $"d-{round}", "--out", path, "--data", installation.CloudFolder]);
                Assert.True(got.ExitCode == 0, got.Error);
                Assert.Equal(info.ArchiveDigest, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path, Cancel))));
                Assert.Equal(Readings, Strata.Telemetry.Archive.ReadingsArchive.Read(path).Count);
            }
            var erasure = await Tool.RunAsync(Installation.Executable, ["devices", "erasure", $"d-{round}", "--data", installation.CloudFolder]);
            using var statement = JsonDocument.Parse(erasure.Output.Split('\n')[0]);
            Assert.Equal((Readings, 0), (statement.RootElement.GetProperty("readings").GetProperty("count").GetInt32(), statement.RootElement.GetProperty("readings").GetProperty("left").GetInt32()));
        }
        Assert.Null((await installation.Client.VerifyAuditAsync(Cancel)).Broken);
        TestContext.Current.SendDiagnosticMessage("{0} kills, seed {1}", kills, Seed);
        Assert.True(kills > 0, $"No kill hit (seed {Seed}).");
    }

    private static async Task SendAsync(Installation installation, string? tenant, string device)
    {
        var client = tenant is null ? installation.Client : installation.ClientOf(tenant);
        var secret = (await client.CreateDeviceAsync(new CreateDevice(device), Cancel)).Secret;
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(installation.CloudHttp + "/") };
        http.DefaultRequestHeaders.Authorization = Installation.Basic(tenant is null ? device : $"{tenant}/{device}", secret);
        var start = TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeMilliseconds();
        for (var i = 0; i < Readings; i += 500)
        {
            var part = Enumerable.Range(i, 500).Select(n => new { ts = start + n * 1000L, values = new { temperature = n / 10.0 } }).ToArray();
            using var answer = await http.PostAsJsonAsync(string.Create(CultureInfo.InvariantCulture, $"api/v1/devices/{device}/telemetry"), part, Cancel);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancel));
        }
    }
}
