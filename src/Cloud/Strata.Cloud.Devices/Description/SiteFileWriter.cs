using System.Globalization;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Strata.Cloud.Devices.Description;

/// <summary>
/// Writes a description in the form that <see cref="SiteFileReader"/> takes, so that reading it gives the same description. Everything is in
/// the order of its names; fields that have their default are left out.
/// </summary>
internal sealed class SiteFileWriter
{
    private readonly Emitter emitter;

    private SiteFileWriter(StringWriter text) => emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));

    /// <param name="sections">Of other slices, by name.</param>
    /// <param name="notes">For who reads the file, a line each, at its beginning.</param>
    public static string Write(ArchitectureDescription description, IReadOnlyList<(string Name, JsonElement Content)>? sections = null, IEnumerable<string>? notes = null)
    {
        using var text = new StringWriter(new StringBuilder(), CultureInfo.InvariantCulture) { NewLine = "\n" };
        foreach (var note in notes ?? [])
            text.WriteLine($"# {note}");
        var writer = new SiteFileWriter(text);
        writer.emitter.Emit(new StreamStart());
        var children = description.Sites.Where(s => s.Parent is not null).ToLookup(s => s.Parent!);
        var roots = description.Roots.Order(StringComparer.Ordinal).Select(root => description.Sites.First(s => s.Path == root)).ToList();
        // In the document of the last of its places: a document knows the places of those before.
        var groups = description.Groups.OrderBy(g => g.Id, StringComparer.Ordinal).ToLookup(g => roots.FindLast(root => g.Sites.Any(s => Within(root, s)))?.Path ?? "");
        foreach (var root in roots)
            writer.WriteDocument(description, root, children, groups[root.Path]);
        if (description.Roots.IsEmpty || description.Devices.Any(d => d.Site is null) || groups.Contains("") || !description.Views.IsEmpty || sections is { Count: > 0 })
            writer.WriteDocument(description, null, children, groups[""], sections);
        writer.emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private void WriteDocument(ArchitectureDescription description, DescribedSite? root, ILookup<string, DescribedSite> children, IEnumerable<DescribedGroup> groups, IReadOnlyList<(string Name, JsonElement Content)>? sections = null)
    {
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Map(flow: false, () =>
        {
            Field("apiVersion", DescriptionFile.ApiVersion);
            if (root is not null)
                Site(root, root.Path, children);
            List("gateways", description.Gateways.Where(g => root is not null && Within(root, g.Site)).OrderBy(g => g.Id, StringComparer.Ordinal), Gateway);
            List("devices", description.Devices.Where(d => d.Site is null ? root is null : root is not null && Within(root, d.Site)).OrderBy(d => d.Id, StringComparer.Ordinal), Device);
            List("groups", groups, Group);
            List("views", description.Views.Where(_ => root is null).Select(v => v.View).OrderBy(v => v.Name, StringComparer.Ordinal), View);
            foreach (var (name, content) in sections ?? [])
            {
                Text(name);
                YamlJson.Emit(emitter, content, lines: 2);
            }
        });
        emitter.Emit(new DocumentEnd(isImplicit: true));
    }

    private static bool Within(DescribedSite root, string path) =>
        path.StartsWith(root.Path, StringComparison.Ordinal) && (path.Length == root.Path.Length || path[root.Path.Length] == '/');

    private void Site(DescribedSite site, string segment, ILookup<string, DescribedSite> children)
    {
        Field("site", segment);
        if (site.Name != site.Path[(site.Path.LastIndexOf('/') + 1)..])
            Field("name", site.Name);
        if (site.Kind != DescribedSite.DefaultKind)
            Field("kind", site.Kind);
        List("children", children[site.Path].OrderBy(c => c.Path, StringComparer.Ordinal),
            child => Map(flow: !children.Contains(child.Path), () => Site(child, child.Path[(site.Path.Length + 1)..], children)));
    }

    private void Gateway(DescribedGateway gateway) => Map(flow: true, () =>
    {
        Field("id", gateway.Id);
        Field("site", gateway.Site);
        if (gateway.Parent is not null)
            Field("parent", gateway.Parent);
        Pairs("uplink", gateway.Uplink.Select(p => (p.Key, p.Value)));
    });

    private void Device(DescribedDevice device) => Map(flow: true, () =>
    {
        Field("id", device.Id);
        if (device.Site is not null)
            Field("site", device.Site);
        if (device.Model is not null)
            Field("model", device.Model);
        if (device.Heartbeat != DeviceRow.DefaultHeartbeat)
            Field("heartbeat", DurationText.Format(device.Heartbeat));
        Pairs("deadband", device.Deadband.Select(p => (p.Key, p.Value.ToString("R", CultureInfo.InvariantCulture))));
        Names("gateways", device.Gateways);
    });

    private void Group(DescribedGroup group) => Map(flow: true, () =>
    {
        Field("id", group.Id);
        Names("sites", group.Sites);
        if (group.Query is not null)
            Field("query", group.Query);
        if (!group.Sites.IsEmpty)
            Field("window", DurationText.Format(group.Window));
    });

    private void View(View view) => Map(flow: true, () =>
    {
        Field("name", view.Name);
        if (view.Title != view.Name)
            Field("title", view.Title);
        Names("roles", view.Roles);
        Names("widgets", [.. view.Widgets.Select(Core.Tenancy.View.NameOf)]);
        Names("metrics", [.. view.Metrics.Select(m => m.Value)]);
        Names("sites", [.. view.Scope.Sites.Select(s => s.Value)]);
        Names("groups", view.Scope.Groups);
        Field("last", DurationText.Format(view.Last));
        if (view.IsLanding)
            Field("landing", "true");
    });

    private void Map(bool flow, Action content)
    {
        emitter.Emit(new MappingStart(default, default, true, flow ? MappingStyle.Flow : MappingStyle.Block));
        content();
        emitter.Emit(new MappingEnd());
    }

    private void List<T>(string name, IEnumerable<T> items, Action<T> write)
    {
        using var each = items.GetEnumerator();
        if (!each.MoveNext())
            return;
        Text(name);
        emitter.Emit(new SequenceStart(default, default, true, SequenceStyle.Block));
        do
            write(each.Current);
        while (each.MoveNext());
        emitter.Emit(new SequenceEnd());
    }

    private void Names(string name, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
            return;
        Text(name);
        emitter.Emit(new SequenceStart(default, default, true, SequenceStyle.Flow));
        foreach (var item in names)
            Text(item);
        emitter.Emit(new SequenceEnd());
    }

    private void Pairs(string name, IEnumerable<(string Key, string Value)> pairs)
    {
        var list = pairs.ToList();
        if (list.Count == 0)
            return;
        Text(name);
        Map(flow: true, () => list.ForEach(p => Field(p.Key, p.Value)));
    }

    private void Field(string name, string value)
    {
        Text(name);
        Text(value);
    }

    /// <summary>Plain where YAML reads it back as the same text, quoted where it would be something else.</summary>
    private void Text(string value) =>
        emitter.Emit(new Scalar(default, default, value, value is "~" or "null" or "" ? ScalarStyle.DoubleQuoted : ScalarStyle.Any, true, true));
}
