using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Fog.Configuration;
using Strata.Fog.Link;

namespace Strata.Fog.Shadows;

/// <summary>
/// Brings the gateway's shadows and its parent's together: when something changed here, when the parent says that something changed there, when the link comes up, and from time to time. It compares
/// states, not messages: however often something changed, its newest state goes, and what went twice changes nothing.
/// </summary>
internal sealed partial class FogShadowSync(
    FogShadows shadows, SiteConfiguration site, ParentClient parent, LinkState link, FogShadowTopics topics, FogShadowOptions options, TimeProvider time, ILogger<FogShadowSync> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<DeviceId, bool> stale = new();

    /// <summary>What the parent did not take, as it was then: said again when it is another.</summary>
    private readonly ConcurrentDictionary<(string Device, string Name), Shadow> refused = new();
    private int pending = 1;
    private int devicesChanged = 1;
    private DateTimeOffset whole;
    private string said = "";

    /// <summary>The parent says that a shadow of the device changed there.</summary>
    public void Changed(DeviceId device) => stale[device] = true;

    /// <summary>Any may have changed, and nobody could say so.</summary>
    public void AllChanged() => OnDevices();

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        shadows.Changed += OnPending;
        site.Changed += OnDevices;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        shadows.Changed -= OnPending;
        site.Changed -= OnDevices;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (!link.IsUp)
                    OnDevices(); // What changed there meanwhile nobody says.
                else if (!await LookAsync(stoppingToken))
                    await Task.Delay(options.RetryAfter, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What the parent has not heard is on the disk.
        }
    }

    /// <summary>False when the parent did not answer as it should.</summary>
    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (Interlocked.Exchange(ref devicesChanged, 0) == 1 || now - whole >= options.CompareEvery)
        {
            whole = now;
            refused.Clear(); // What was wrong may be right by now.
            Volatile.Write(ref pending, 1);
            var served = site.View.Devices.ToDictionary(d => d.Device);
            foreach (var device in served.Values.Where(d => d.Enabled))
                stale[device.Device] = true;
            if (site.Version > 0)
                Retain(served.ContainsKey);
        }
        while (Interlocked.Exchange(ref pending, 0) == 1 || !stale.IsEmpty)
        {
            var devices = stale.Keys.Take(options.MaxDevices).ToList();
            foreach (var device in devices)
                stale.TryRemove(device, out _);
            var changes = shadows.AllPending(options.MaxChanges, s => refused.TryGetValue((s.Device, s.Name), out var was) && ReferenceEquals(was, s.Current));
            if (changes.Count == 0 && devices.Count == 0)
                continue;
            if (!await AskAsync(changes, devices, cancellationToken))
            {
                foreach (var device in devices)
                    stale[device] = true;
                Volatile.Write(ref pending, 1);
                return false;
            }
            if (changes.Count == options.MaxChanges)
                Volatile.Write(ref pending, 1);
        }
        return true;
    }

    /// <summary>What the disk does not let go now goes with the next comparison.</summary>
    private void Retain(Func<DeviceId, bool> isServed)
    {
        try
        {
            shadows.Retain(isServed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotLetGo(e.Message);
        }
    }

    private async Task<bool> AskAsync(IReadOnlyList<FogShadow> changes, List<DeviceId> devices, CancellationToken cancellationToken)
    {
        try
        {
            using var deadline = new CancellationTokenSource(options.AnswerWithin, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
            var asked = new GatewayShadows([.. changes.Select(c => c.ToChange())], [.. devices.Select(d => new GatewayShadowsKnown(d.Value, shadows.VersionsOf(d)))]);
            using var response = await parent.PostShadowsAsync(asked, limit.Token);
            if (!response.IsSuccessStatusCode)
                return Failed($"it answered {(int)response.StatusCode}");
            var answer = await response.Content.ReadFromJsonAsync(ContractsJson.Default.GatewayShadowsAnswer, limit.Token);
            Take(answer!, changes.ToDictionary(c => (c.Device, c.Name)));
            said = "";
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException or JsonException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Failed(e.Message);
        }
    }

    /// <summary>Said once: below a gateway whose cloud is away it is tried in vain for days.</summary>
    private bool Failed(string problem)
    {
        if (problem != said)
            LogNotAnswered(said = problem);
        return false;
    }

    private void Take(GatewayShadowsAnswer answer, Dictionary<(string, string), FogShadow> asked)
    {
        // What was refused is still to be told: it lies over the parent's as what was never asked.
        var taken = asked.Keys.Except(answer.Refused.Select(r => (r.Device, r.Name))).ToDictionary(k => k, k => asked[k].Current);
        foreach (var state in answer.Shadows)
        {
            if (DeviceId.TryParse(state.Device, out var device) && shadows.Agree(device, state.Name, ShadowCodec.Read(state.Content), taken.GetValueOrDefault((state.Device, state.Name))) is not null)
                topics.Tell(site.View.Tenant, device, state.Name);
        }
        foreach (var no in answer.Refused)
        {
            LogRefused(no.Device, no.Name, no.Why);
            if (!DeviceId.TryParse(no.Device, out var device) || !asked.TryGetValue((no.Device, no.Name), out var was))
                continue;
            if (shadows.Pending(device, no.Name) is { } now && ShadowNode.SameValue(now.PendingReported, was.PendingReported) && ShadowNode.SameValue(now.PendingDesired, was.PendingDesired))
                refused[(no.Device, no.Name)] = now.Current;
            // Nobody will ever take what a device said that is another gateway's by now.
            if (site.Version > 0 && site.View.Devices.All(d => d.Device != device))
                shadows.Remove(device, was);
        }
    }

    /// <summary>Devices came, or the link did: all are asked for.</summary>
    private void OnDevices() => Volatile.Write(ref devicesChanged, 1);

    private void OnPending() => Volatile.Write(ref pending, 1);

    [LoggerMessage(6045, LogLevel.Warning, "Shadows were not brought together with the parent's: {Reason}; it is tried again.")]
    private partial void LogNotAnswered(string reason);

    [LoggerMessage(6048, LogLevel.Error, "Shadows of devices that are not served here any more could not be let go: {Reason}; it is tried again.")]
    private partial void LogNotLetGo(string reason);

    [LoggerMessage(6046, LogLevel.Warning, "The parent does not take what changed of shadow '{Name}' of {Device}: {Why}")]
    private partial void LogRefused(string device, string name, string why);
}
