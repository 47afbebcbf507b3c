using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Fog.Configuration;

namespace Strata.Fog.Windows;

/// <summary>
/// Which devices are silent, and how much those without an agent sent. A device is watched from the first time this gateway hears it, so that two
/// gateways that may serve it do not both miss it. For one thread at a time.
/// </summary>
internal sealed class DeviceWatch(GatewayId self)
{
    private readonly Dictionary<DeviceId, Watched> devices = [];
    private readonly List<FleetEvent> events = [];

    /// <summary>Readings of devices that run no agent: what was received of them is what they measured.</summary>
    public long PlainReadings { get; private set; }

    /// <summary>Takes note of a reading; a silent device that is heard gives an event.</summary>
    /// <param name="isHealth">A report about the device, no reading of it.</param>
    /// <param name="isAgent">The report by which an agent is known.</param>
    public void Heard(DeviceId device, long now, bool isHealth, bool isAgent)
    {
        if (!devices.TryGetValue(device, out var watched))
            devices[device] = watched = new Watched { Silence = new DeviceSilence(now, false) };
        var lastHeard = watched.Silence.LastHeard;
        watched.Silence = watched.Silence.Heard(now, out var returned);
        if (returned)
            events.Add(DeviceSilence.ReturnedEvent(device, self, lastHeard, now));
        if (isAgent && !watched.IsAgent)
            (watched.IsAgent, PlainReadings) = (true, PlainReadings - watched.Readings);
        if (isHealth)
            return;
        watched.Readings++;
        PlainReadings += watched.IsAgent ? 0 : 1;
    }

    /// <summary>Looks at the clock and gives the events since the last look.</summary>
    public IReadOnlyList<FleetEvent> Check(SiteView site, long now)
    {
        foreach (var entry in site.Devices)
        {
            if (!entry.Enabled || !devices.TryGetValue(entry.Device, out var watched))
                continue;
            watched.Silence = watched.Silence.Check(now, entry.Heartbeat, out var fellSilent);
            if (fellSilent)
                events.Add(DeviceSilence.SilentEvent(entry.Device, self, watched.Silence.LastHeard, now));
        }
        if (events.Count == 0)
            return [];
        FleetEvent[] found = [.. events];
        events.Clear();
        return found;
    }

    public IReadOnlyList<HeardState> Save() =>
        [.. devices.Select(d => new HeardState(d.Key.Value, d.Value.Silence.LastHeard, d.Value.Silence.IsSilent, d.Value.Readings, d.Value.IsAgent))];

    /// <param name="now">A time kept from before never lies ahead of now, whatever the clock did.</param>
    public void Restore(IReadOnlyList<HeardState> kept, long now)
    {
        foreach (var device in kept)
        {
            if (!DeviceId.TryParse(device.Device, out var id))
                continue;
            devices[id] = new Watched
            {
                Silence = new DeviceSilence(Math.Min(device.LastHeard, now), device.Silent), Readings = device.Readings, IsAgent = device.Agent,
            };
            PlainReadings += device.Agent ? 0 : device.Readings;
        }
    }

    private sealed class Watched
    {
        public DeviceSilence Silence;
        public long Readings;
        public bool IsAgent;
    }
}
