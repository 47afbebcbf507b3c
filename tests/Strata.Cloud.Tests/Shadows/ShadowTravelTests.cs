using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>Shadows go where their tenant goes: sealed where it is encrypted, into its own files, and back.</summary>
public sealed class ShadowTravelTests : IAsyncLifetime
{
    private const string Secret = "the-password-of-a-network";
    private readonly RunningCloud cloud = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private StrataClient Acme => new(cloud.Http, null, "acme");

    public async ValueTask InitializeAsync() => await cloud.StartAsync();

    public async ValueTask DisposeAsync() => await cloud.DisposeAsync();

    [Fact]
    public async Task Shadows_and_layers_are_sealed_move_and_are_read_and_changed_at_every_level()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await Acme.PutConfigurationLayerAsync("tenant", "{\"layer\":\"" + Secret + "\"}", cancellationToken: Cancelled);
        // What is only drafted yet, too.
        var rollout = (await Acme.CreateRolloutAsync(new CreateRollout(Configuration: new RolloutConfiguration("tenant", JsonDocument.Parse("{\"layer\":\"" + Secret + "2\"}").RootElement)), Cancelled)).Id;
        var version = (await SetAsync(0)).Version;
        await cloud.StopAsync();
        Assert.True(Found(), "Before it is encrypted the files show it; otherwise this test shows nothing.");
        await cloud.StartAsync();
        foreach (var level in new[] { "encrypted", "dedicated", "encrypted", "logical" })
        {
            await ChangeAsync(level);
            Assert.Equal(version, (await Acme.GetShadowAsync("t-1", cancellationToken: Cancelled)).Version);
            version = (await SetAsync(version)).Version;
            await cloud.StopAsync();
            if (level == "encrypted")
                Assert.False(Found(), "What is desired is in the files in the clear.");
            await cloud.StartAsync();
            Assert.Equal(Secret, (await Acme.GetShadowAsync("t-1", cancellationToken: Cancelled)).State.GetProperty("desired").GetProperty("password").GetString());
            Assert.Equal(version, (await Acme.ListShadowChangesAsync("t-1", cancellationToken: Cancelled)).Items[0].Version);
            Assert.Equal(Secret + "2", (await Acme.GetRolloutAsync(rollout, Cancelled)).Configuration!.Content!.Value.GetProperty("layer").GetString());
            Assert.Equal(Secret, (await Acme.GetConfigurationAsync("t-1", Cancelled)).Configuration.GetProperty("layer").GetString());
        }
    }

    /// <summary>What the writer keeps of a tenant from one change to the next leads where the tenant is.</summary>
    [Fact]
    public async Task A_tenant_that_moves_there_and_back_under_a_running_node_keeps_every_change()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var version = (await SetAsync(0)).Version;
        foreach (var level in new[] { "dedicated", "logical", "dedicated", "encrypted" })
        {
            version = (await SetAsync(version)).Version;
            await ChangeAsync(level);
            version = (await SetAsync(version)).Version;
        }
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal(9, version);
        Assert.Equal(version, (await Acme.GetShadowAsync("t-1", cancellationToken: Cancelled)).Version);
        Assert.Equal(Enumerable.Range(1, 9).Reverse(), (await Acme.ListShadowChangesAsync("t-1", cancellationToken: Cancelled)).Items.Select(c => (int)c.Version));
    }

    private Task<ShadowInfo> SetAsync(long n) => Acme.UpdateShadowAsync("t-1", "{\"state\":{\"desired\":{\"password\":\"" + Secret + "\",\"n\":" + n + "}}}", cancellationToken: Cancelled);

    private bool Found() => Directory.EnumerateFiles(cloud.Folder, "registry.db*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal))
        .Any(f => File.ReadAllBytes(f).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret)) >= 0);

    private async Task ChangeAsync(string level)
    {
        var now = await cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation(level), Cancelled);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (now.Changing)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, deadline.Token);
            now = await cloud.Client.GetIsolationAsync("acme", deadline.Token);
        }
        Assert.Equal(level, now.Level);
    }
}
