using System.Globalization;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Views;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Description;

/// <summary>
/// The fields by which two descriptions are compared and shown, as text; a map's entries are fields of their own (<c>deadband.temperature</c>).
/// Also turns rows of the registry into the description that a file would hold.
/// </summary>
internal static class DescribedFields
{
    public static DescribedSite Describe(SiteRow row) => new(row.Path, row.Parent, row.Name, row.Kind, default);

    public static DescribedGateway Describe(GatewayRow row) => new(row.Id, row.Site, row.Parent, row.Uplink, default);

    public static DescribedDevice Describe(DeviceRow row) => new(row.Id, row.Site, row.Model, row.Heartbeat, row.Deadband, row.Gateways, default);

    public static DescribedGroup Describe(GroupRow row) => new(row.Id, [.. row.Sites.Order(StringComparer.Ordinal)], row.Window, default) { Query = row.Query };

    public static DescribedView Describe(ViewRow row) => new(ViewContent.ToView(row), default);

    public static IReadOnlyList<FieldChange> Differences(DescribedSite old, DescribedSite wanted) => Compare(Fields(old), Fields(wanted));

    /// <summary>A gateway's parent is left as it is when the file does not name one: the gateway itself says where it dials.</summary>
    public static IReadOnlyList<FieldChange> Differences(DescribedGateway old, DescribedGateway wanted) =>
        Compare(Fields(old with { Parent = wanted.Parent is null ? null : old.Parent }), Fields(wanted));

    public static IReadOnlyList<FieldChange> Differences(DescribedDevice old, DescribedDevice wanted) => Compare(Fields(old), Fields(wanted));

    public static IReadOnlyList<FieldChange> Differences(DescribedGroup old, DescribedGroup wanted) => Compare(Fields(old), Fields(wanted));

    public static IReadOnlyList<FieldChange> Differences(DescribedView old, DescribedView wanted) => Compare(Fields(old.View), Fields(wanted.View));

    private static IEnumerable<(string, string?)> Fields(DescribedSite site) => [("name", site.Name), ("kind", site.Kind)];

    private static IEnumerable<(string, string?)> Fields(DescribedGateway gateway) =>
        [("site", gateway.Site), ("parent", gateway.Parent), .. gateway.Uplink.Select(p => ($"uplink.{p.Key}", (string?)p.Value))];

    private static IEnumerable<(string, string?)> Fields(DescribedDevice device) =>
    [
        ("site", device.Site), ("model", device.Model), ("heartbeat", DurationText.Format(device.Heartbeat)),
        ("gateways", device.Gateways.IsEmpty ? null : string.Join(", ", device.Gateways)),
        .. device.Deadband.Select(d => ($"deadband.{d.Key}", (string?)d.Value.ToString("R", CultureInfo.InvariantCulture))),
    ];

    private static IEnumerable<(string, string?)> Fields(DescribedGroup group) =>
        [("sites", Joined(group.Sites)), ("query", group.Query), ("window", group.Sites.IsEmpty ? null : DurationText.Format(group.Window))];

    private static IEnumerable<(string, string?)> Fields(View view) =>
    [
        ("title", view.Title), ("roles", Joined(view.Roles)), ("widgets", Joined(view.Widgets.Select(View.NameOf))), ("metrics", Joined(view.Metrics.Select(m => m.Value))),
        ("sites", Joined(view.Scope.Sites.Select(s => s.Value))), ("groups", Joined(view.Scope.Groups)), ("last", DurationText.Format(view.Last)), ("landing", view.IsLanding ? "true" : null),
    ];

    private static string? Joined(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } text ? text : null;

    private static List<FieldChange> Compare(IEnumerable<(string Name, string? Value)> from, IEnumerable<(string Name, string? Value)> to)
    {
        var old = from.ToList();
        var wanted = to.ToList();
        return
        [
            .. old.Select(f => f.Name).Union(wanted.Select(f => f.Name))
                .Select(name => new FieldChange(name, old.Find(f => f.Name == name).Value, wanted.Find(f => f.Name == name).Value))
                .Where(c => c.From != c.To),
        ];
    }
}
