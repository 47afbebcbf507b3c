using System.Text;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Node.Ingest;

/// <summary>
/// An application or gateway on MQTT: the host's state of it. It listens within its scope, one that reads by a share to that share's topics; a filter that is wider is granted and finds what lies within, so that a
/// filter's answer says nothing about what is there.
/// </summary>
internal sealed class ApplicationClient(Access access)
{
    private const string Devices = "devices/";

    public Access Access { get; } = access;

    /// <summary>Whether each message is asked about as it is delivered. The topics of a share are for whoever has it.</summary>
    public bool IsScoped => Access.Principal.Share is null && (!Access.IsWhole(Permission.ReadingsRead) || !Access.IsWhole(Permission.EventsRead));

    public bool MaySubscribe(string filter)
    {
        if (Access.Principal.Share is { } share)
            return filter.StartsWith($"shared/{share.Name}/", StringComparison.Ordinal);
        if (!TelemetryTopics.IsApplicationFilter(filter) || !Access.Principal.Holds(Permission.ReadingsRead))
            return false;
        // A device named in full is refused like one that is not there.
        var name = filter.StartsWith(Devices, StringComparison.Ordinal) ? filter[Devices.Length..].Split('/')[0] : "";
        return name is "" or "+" or "#" || Access.IsWhole(Permission.ReadingsRead) || (DeviceId.TryParse(name, out var device) && Access.Sees(Permission.ReadingsRead, device));
    }

    public bool MayReceive(ReadOnlySpan<byte> topic)
    {
        if (Access.Principal.Share is { } share)
            return Encoding.UTF8.GetString(topic).StartsWith($"shared/{share.Name}/", StringComparison.Ordinal);
        if (topic.StartsWith("devices/"u8))
        {
            var rest = topic["devices/".Length..];
            var slash = rest.IndexOf((byte)'/');
            return slash > 0 && DeviceId.TryParse(Encoding.UTF8.GetString(rest[..slash]), out var device) && Access.Sees(Permission.ReadingsRead, device);
        }
        if (topic.StartsWith("sites/"u8))
        {
            var path = topic["sites/".Length..];
            var last = path.LastIndexOf((byte)'/');
            return last > 0 && SiteId.TryParse(Encoding.UTF8.GetString(path[..last]), out var site) && Access.Decide(Permission.ReadingsRead, site) == AccessDecision.Allowed;
        }
        return Access.IsWhole(Permission.EventsRead);
    }
}
