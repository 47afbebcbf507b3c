using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>kill -9 of a node while it moves a tenant whose devices publish: the move goes on by itself; nothing acknowledged is missing, nothing is there twice, others are untouched.</summary>
public sealed class MoveKillTests
{
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_SEED"), out var seed) ? seed : Environment.TickCount;

    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_ROUNDS"), out var rounds) ? rounds : 4;

    private readonly Random random = new(Seed);

    [Fact]
    public async Task A_move_goes_on_after_kill_9_and_loses_and_doubles_nothing()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var (other, untouched) = await CreateAsync(installation, "other");
        untouched.Begin();
        var kills = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var (client, device) = await CreateAsync(installation, $"t{round}");
            device.Begin();
            await WaitAsync(() => Task.FromResult(device.Acknowledged > 50), "the device publishes");
            var begun = await Tool.RunAsync(Installation.Executable, ["tenants", "move", $"t{round}", "--to", "dedicated", "--no-wait", "--data", installation.CloudFolder]);
            Assert.True(begun.ExitCode == 0, begun.Error);
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 700)), TimeProvider.System, TestContext.Current.CancellationToken);
                if ((await IsolationAsync(installation, round)).Changing)
                    kills++;
                await installation.Cloud.KillAsync();
                await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
            }
            while ((await IsolationAsync(installation, round)).Changing && kills < 6 * (round + 1));
            await AssertEndsAsync(installation, round);
            Assert.Equal("dedicated", (await IsolationAsync(installation, round)).Level);
            // And back, killed as often.
            var back = await Tool.RunAsync(Installation.Executable, ["tenants", "move", $"t{round}", "--to", "encrypted", "--no-wait", "--data", installation.CloudFolder]);
            Assert.True(back.ExitCode == 0, back.Error);
            var before = kills;
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 700)), TimeProvider.System, TestContext.Current.CancellationToken);
                if ((await IsolationAsync(installation, round)).Changing)
                    kills++;
                await installation.Cloud.KillAsync();
                await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
            }
            while ((await IsolationAsync(installation, round)).Changing && kills < before + 3);
            await AssertEndsAsync(installation, round);
            Assert.Equal("encrypted", (await IsolationAsync(installation, round)).Level);
            Assert.False(Directory.Exists(Path.Combine(installation.CloudFolder, "tenants", $"t{round}")), $"Files of t{round} are left (seed {Seed}).");
            var since = device.Acknowledged;
            await WaitAsync(() => Task.FromResult(device.Acknowledged > since + 20), "the device publishes in its new place");
            await device.EndAsync();
            await AssertLedgerAsync(client, device);
        }
        await untouched.EndAsync();
        await AssertLedgerAsync(other, untouched);
        TestContext.Current.SendDiagnosticMessage("{0} kills in {1} moves, there and back, seed {2}", kills, Rounds, Seed);
        Assert.True(kills > 0, $"No kill hit a move (seed {Seed}).");
    }

    private static async Task<(StrataClient Client, LedgerDevice Device)> CreateAsync(Installation installation, string tenant)
    {
        await installation.Client.CreateTenantAsync(new CreateTenant(tenant));
        var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = new Uri(installation.CloudHttp + "/") };
        var client = new StrataClient(http, installation.Token, tenant);
        var device = await client.CreateDeviceAsync(new CreateDevice("d-1"));
        return (client, new LedgerDevice("d-1", device.Secret, () => installation.CloudMqttPort, tenant));
    }

    private static Task<IsolationInfo> IsolationAsync(Installation installation, int round) => installation.Client.GetIsolationAsync($"t{round}");

    private static async Task AssertEndsAsync(Installation installation, int round)
    {
        var now = await IsolationAsync(installation, round);
        await WaitAsync(async () => !(now = await IsolationAsync(installation, round)).Changing, () => $"the move ends (seed {Seed}): {now}");
    }

    private static async Task AssertLedgerAsync(StrataClient client, LedgerDevice device)
    {
        Assert.Equal(device.Acknowledged, (await client.CountReadingsAsync("d-1")).Count);
        Assert.Null((await client.VerifyAuditAsync()).Broken);
    }

    private static Task WaitAsync(Func<Task<bool>> isSo, string what) => WaitAsync(isSo, () => what);

    private static async Task WaitAsync(Func<Task<bool>> isSo, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            Assert.False(deadline.IsCancellationRequested, $"Within a minute it did not happen that {what()}.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
