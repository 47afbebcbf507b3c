using System.Collections.Immutable;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>What a device is after a change of some of its fields. Pure.</summary>
internal static class DevicePatch
{
    /// <param name="access">Who changes; null for one who may do all. Where the device is now has been asked already, where it goes to is asked here.</param>
    public static Outcome<DeviceRow> Apply(DeviceRow row, ChangeDevice wanted, RegistryImage image, Access? access)
    {
        var site = wanted.Site switch { null => row.Site, "" => null, var path => path };
        if (wanted.Site is "" && access?.IsWhole(Permission.DevicesWrite) == false)
            return EnsurePlace.SayThePlace;
        // Fields of a registration are checked as at a registration; those that stay were checked then.
        var asked = new CreateDevice(
            row.Id, site == row.Site ? null : site, string.IsNullOrEmpty(wanted.Model) ? null : wanted.Model, wanted.Heartbeat, wanted.Deadband, wanted.Gateways)
        {
            PowerProfile = wanted.PowerProfile is "" ? null : wanted.PowerProfile,
        };
        var described = RegisterDevice.Check(asked, image, access, Permission.DevicesWrite, placeIsKept: site == row.Site || site is null);
        if (!described.IsOk)
            return described.Problem;
        var tags = Tags(row, wanted);
        if (DeviceTags.Check(tags) is { } wrong)
            return wrong;
        var removed = wanted.RemoveGroups ?? [];
        // A group that was removed since is forgotten here.
        var groups = DeviceFacts.CheckGroups([.. wanted.AddGroups ?? [], .. row.Groups.Where(g => image.Groups.ContainsKey(g) && !removed.Contains(g))], image);
        if (!groups.IsOk)
            return groups.Problem with { Field = "addGroups" };
        var facts = DeviceFacts.Of(asked, image);
        if (!facts.IsOk)
            return facts.Problem;
        return row with
        {
            Site = site,
            Model = wanted.Model switch { null => row.Model, "" => null, var model => model },
            Heartbeat = wanted.Heartbeat is null ? row.Heartbeat : described.Value.Heartbeat,
            Deadband = wanted.Deadband is null ? row.Deadband : described.Value.Deadband,
            Gateways = wanted.Gateways is null ? row.Gateways : described.Value.Gateways,
            Tags = tags,
            Groups = groups.Value,
            PowerProfile = wanted.PowerProfile switch { null => row.PowerProfile, "" => null, var profile => profile },
        };
    }

    /// <summary>Whether two rows say the same of the device.</summary>
    public static bool Same(DeviceRow a, DeviceRow b) =>
        (a.Site, a.Model, a.Heartbeat, a.PowerProfile) == (b.Site, b.Model, b.Heartbeat, b.PowerProfile)
        && a.Deadband.SequenceEqual(b.Deadband) && a.Gateways.SequenceEqual(b.Gateways) && a.Tags.SequenceEqual(b.Tags) && a.Groups.SequenceEqual(b.Groups);

    private static ImmutableSortedDictionary<string, string> Tags(DeviceRow row, ChangeDevice wanted) =>
        (wanted.Tags ?? new Dictionary<string, string?>()).Aggregate(row.Tags, (tags, t) => t.Value is null ? tags.Remove(t.Key) : tags.SetItem(t.Key, t.Value));
}
