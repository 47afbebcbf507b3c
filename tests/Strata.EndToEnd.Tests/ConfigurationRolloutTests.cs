using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tests.Shadows;

namespace Strata.EndToEnd.Tests;

/// <summary>A rollout of a configuration by the verbs, over kill -9 of the cloud in each of its phases.</summary>
public sealed class ConfigurationRolloutTests : IAsyncDisposable
{
    private const string Old = """{"interval":300}""";
    private const string New = """{"interval":60}""";
    private static readonly string[] Ids = ["k-0", "k-1", "k-2", "k-3"];

    private readonly Installation installation = new();
    private readonly Dictionary<string, DeviceSecret> secrets = [];
    private readonly Dictionary<string, ShadowDevice> devices = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_goes_on_where_it_was_whenever_the_cloud_is_killed_and_no_device_is_told_anything_twice()
    {
        await installation.StartCloudAsync("--set", "updates.lookInterval=300ms");
        await installation.ApplyAsync("apiVersion: strata/v1\nsite: k\n");
        await installation.Client.PutConfigurationLayerAsync("site/k", Old, cancellationToken: Cancel);
        foreach (var id in Ids)
            secrets[id] = await installation.Client.CreateDeviceAsync(new CreateDevice(id, "k"), Cancel);
        await ConnectAsync();
        foreach (var id in Ids)
        {
            await Eventually.IsAsync(async () => (await installation.Client.GetDeviceAsync(id, Cancel)).State, state => state == "active", $"{id} to be active");
            await DesiredAsync(id, Old);
            await ReportAsync(id, Old);
        }
        var file = Path.Combine(installation.Folder, "faster.json");
        await File.WriteAllTextAsync(file, New, Cancel);
        var started = await installation.OkAsync("rollout", "start", "--layer", "site/k", "--content", file, "--rings", "50%:3s,100%:0s", "--no-approval", "-o", "json");
        var id1 = JsonDocument.Parse(started).RootElement.GetProperty("id").GetString()!;
        Assert.Contains($"is to say {New} in place of {Old}", await installation.OkAsync("rollout", "show", id1), StringComparison.Ordinal);

        var first = await Eventually.IsAsync(() => InAsync(id1, "trial"), on => on.Count == 2, "the first ring to be given it");
        await KillAsync();
        foreach (var id in first)
            await DesiredAsync(id, New);
        Assert.Contains($"site/k (rollout {id1})", await installation.OkAsync("config", "get", first[0]), StringComparison.Ordinal);
        foreach (var id in first)
            await ReportAsync(id, New);
        await KillAsync();
        await Eventually.IsAsync(async () => (await installation.Client.GetRolloutAsync(id1, Cancel)).Rings[0].Updated, updated => updated == 2, "the first ring to have it");
        await KillAsync();
        // What is shown may be ahead of what is written: for a moment the first ring can be on trial again.
        var second = await Eventually.IsAsync(async () => (IReadOnlyList<string>)[.. (await InAsync(id1, "trial")).Except(first)], on => on.Count == 2, "the second ring to be given it");
        await KillAsync();
        foreach (var id in second)
        {
            await DesiredAsync(id, New);
            await ReportAsync(id, New);
        }
        await Eventually.IsAsync(async () => (await installation.Client.GetRolloutAsync(id1, Cancel)).State, state => state == "done", "the end");
        await KillAsync();
        await Eventually.IsAsync(async () => (await installation.Client.GetConfigurationLayerAsync("site/k", Cancel)).Version, version => version == 2, "the layer to say it");
        await Eventually.IsAsync(async () => (await installation.OkAsync("config", "get", Ids[0])).Contains("rollout", StringComparison.Ordinal), of => !of, "the value to be the layer's");
        foreach (var id in Ids)
            Assert.Equal(["from site/k", $"from site/k (rollout {id1})"], (await installation.Client.ListShadowChangesAsync(id, "config", cancellationToken: Cancel)).Items.Where(c => c.Actor == "configuration").Select(c => c.Why).Reverse());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var device in devices.Values)
            await device.DisposeAsync();
        await installation.DisposeAsync();
    }

    private async Task KillAsync()
    {
        await installation.Cloud.KillAsync();
        await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
        await ConnectAsync();
    }

    private async Task ConnectAsync()
    {
        foreach (var id in Ids)
        {
            devices[id] = await ShadowDevice.ConnectAsync(installation.CloudMqttPort, secrets[id], keeps: false);
            await devices[id].PublishAsync("telemetry", "{\"t\":1}");
        }
    }

    /// <summary>Completes when it is kept.</summary>
    private async Task ReportAsync(string device, string configuration) => await devices[device].PublishAsync("shadow/name/config/update", $$$"""{"state":{"reported":{{{configuration}}}}}""");

    private async Task DesiredAsync(string device, string wanted) => await Eventually.IsAsync(
        async () => (await installation.Client.GetShadowAsync(device, "config", cancellationToken: Cancel)).State.GetProperty("desired").GetRawText(), desired => desired == wanted, $"{device} to be told {wanted}");

    private async Task<IReadOnlyList<string>> InAsync(string rollout, string state) => [.. (await installation.Client.ListRolloutDevicesAsync(rollout, state, cancellationToken: Cancel)).Items.Select(d => d.Device)];
}
