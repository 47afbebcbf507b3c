using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Health;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Cloud.Tests.Health;

/// <summary>Devices of a node whose clock can be set ahead: registered, heard, and saying how they are, as their connections would tell.</summary>
internal sealed class TestFleet(MovedCloud cloud)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public T Get<T>()
        where T : notnull => cloud.Node.Services.GetRequiredService<T>();

    public DateTimeOffset Now => cloud.Time.GetUtcNow();

    /// <summary>Registers devices, with their places.</summary>
    public async Task<IReadOnlyList<RegisteredDevice>> RegisterAsync(params NewDevice[] devices)
    {
        foreach (var tree in devices.Select(d => d.Site!.Value.Value.Split('/')).GroupBy(path => path[0]))
            await cloud.Client.ApplyAsync($"apiVersion: strata/v1\nsite: {tree.Key}\nkind: building\n{Children([.. tree.Select(path => path[1..])], "")}", dryRun: false, prune: false, cancellationToken: Cancel);
        var outcome = await Get<IFleet>().RegisterAsync(Caller.Node(TenantId.Main), devices, Cancel);
        Assert.True(outcome.IsOk, outcome.Problem?.Detail);
        return outcome.Value;
    }

    public static NewDevice Device(string id, string site = "hq/floor-1", string? model = "th-1") =>
        new(DeviceId.Parse(id)) { Site = SiteId.Parse(site), Model = model, Tags = ImmutableSortedDictionary<string, string>.Empty };

    /// <summary>The device is heard now.</summary>
    /// <param name="isLive">False: out of what a gateway held back.</param>
    public void Hear(string id, string? gateway = null, bool isLive = true)
    {
        Assert.True(Get<DeviceDirectory>().TryGet(TenantId.Main, DeviceId.Parse(id), out var entry), $"{id} is not known to the node.");
        Get<IDeviceActivity>().Heard(entry, gateway is null ? null : GatewayId.Parse(gateway), Now, isLive);
    }

    /// <summary>The device says how it is, now, and is heard.</summary>
    public async Task ReportAsync(string id, params (string Metric, double Value)[] values)
    {
        var time = EventTime.From(Now);
        await cloud.CommitAsync(id, [.. values.Select(v => (v.Metric, time, ReadingValue.OfNumber(v.Value)))]);
        Hear(id);
    }

    public Task LookAsync() => Get<HealthWatch>().LookAsync(TenantId.Main, Cancel);

    public void Pass(TimeSpan time) => cloud.Time.Offset += time;

    public DeviceState StateOf(string id) => Get<IFleet>().Find(TenantId.Main, DeviceId.Parse(id))!.State;

    /// <summary>Devices that were heard become active; the node does it by itself a moment later.</summary>
    public async Task ActivateAsync()
    {
        var moves = Get<IFleet>().Devices(TenantId.Main).Where(d => d.State == DeviceState.Provisioning && d.LastSeen is not null).Select(d => new DeviceMove(d.Id, DeviceState.Active, "heard")).ToList();
        await Get<IFleet>().MoveAsync(Caller.Node(TenantId.Main), moves, Cancel);
    }

    private static string Children(IReadOnlyList<string[]> paths, string indent) => paths.All(p => p.Length == 0)
        ? ""
        : $"{indent}children:\n" + string.Concat(paths.Where(p => p.Length > 0).GroupBy(p => p[0]).Select(g => $"{indent}  - site: {g.Key}\n{indent}    kind: zone\n{Children([.. g.Select(p => p[1..])], indent + "    ")}"));
}
