using System.Collections.Immutable;
using System.Globalization;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Views;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Devices.Query;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Description;

/// <summary>
/// Reads a site file (<c>apiVersion: strata/v1</c>). A file may hold several documents, each with its own root. Pure: what the registry has
/// already does not matter here.
/// </summary>
internal sealed class SiteFileReader
{
    public static readonly TimeSpan LeastHeartbeat = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MostHeartbeat = TimeSpan.FromDays(30);
    public static readonly TimeSpan LeastWindow = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MostWindow = TimeSpan.FromDays(1);

    /// <summary>How many gateways a device may list.</summary>
    public const int MaxGatewaysOfDevice = 16;

    private static readonly string[] NeedSite = ["name", "kind", "children", "gateways"];

    private static readonly string[] Policies = ["raw", "window", "both"];

    private readonly string file;
    private readonly List<string> roots = [];
    private readonly Dictionary<string, DescribedSite> sites = [];
    private readonly Dictionary<string, DescribedGateway> gateways = [];
    private readonly Dictionary<string, DescribedDevice> devices = [];
    private readonly Dictionary<string, DescribedGroup> groups = [];
    private readonly Dictionary<string, DescribedView> views = [];

    private string? tenant;

    private SiteFileReader(string file) => this.file = file;

    /// <summary>The description, or the first error: <c>FILE:LINE:COLUMN: FIELD: what is wrong</c>.</summary>
    public static Outcome<ArchitectureDescription> Read(string file, string yaml)
    {
        try
        {
            var reader = new SiteFileReader(file);
            foreach (var document in YamlTree.Read(file, yaml))
                reader.ReadDocument(document);
            return reader.Finish();
        }
        catch (YamlFileException wrong)
        {
            return wrong.ToProblem();
        }
    }

    private void ReadDocument(YamlNode document)
    {
        var fields = DescriptionFile.Open(file, document, ref tenant, DescriptionFile.Sections);
        SiteId? root = null;
        if (fields.OptionalName("site", t => SiteId.Parse(t).Value) is { } path)
        {
            root = SiteId.Parse(path);
            foreach (var other in roots.Select(SiteId.Parse))
            {
                if (other.Contains(root.Value) || root.Value.Contains(other))
                    throw fields.Wrong("site", $"'{path}' and '{other}' are in the same tree; write them as one document.");
            }
            roots.Add(path);
            ReadSite(fields, root.Value);
        }
        else if (NeedSite.FirstOrDefault(f => fields.Find(f) is not null) is { } needsSite)
        {
            throw fields.Wrong("site", $"'site' is missing: {needsSite} belongs to a place. Only devices that are nowhere and groups without places may stand without one.");
        }
        foreach (var (node, at) in fields.Items("gateways"))
            ReadGateway(new YamlFields(file, at, node, "id", "site", "parent", "uplink"));
        foreach (var (node, at) in fields.Items("devices"))
            ReadDevice(new YamlFields(file, at, node, "id", "site", "model", "heartbeat", "deadband", "gateways"), root);
        foreach (var (node, at) in fields.Items("groups"))
            ReadGroup(new YamlFields(file, at, node, "id", "sites", "query", "window"), root);
        foreach (var (node, at) in fields.Items("views"))
            ReadView(new YamlFields(file, at, node, "name", "title", "roles", "widgets", "metrics", "sites", "groups", "last", "landing"));
    }

    private void ReadSite(YamlFields fields, SiteId path)
    {
        var site = new DescribedSite(
            path.Value, path.Parent?.Value, fields.Text("name") ?? path.Name, fields.Text("kind", 64) ?? DescribedSite.DefaultKind, fields.PlaceOf("site"));
        if (!sites.TryAdd(path.Value, site))
            throw fields.Wrong("site", $"'{path}' stands in the file twice.");
        foreach (var (node, at) in fields.Items("children"))
        {
            var child = new YamlFields(file, at, node, "site", "name", "kind", "children");
            ReadSite(child, SiteId.Parse(child.Name("site", name =>
                name.Contains('/') ? throw new FormatException($"'{name}' is a path; a child has one name, its place in the file says the rest.") : path.Child(name).Value)));
        }
    }

    private void ReadGateway(YamlFields fields)
    {
        var id = fields.Name("id", t => GatewayId.Parse(t).Value);
        var gateway = new DescribedGateway(
            id, KnownSite(fields, "site") ?? throw fields.Wrong("site", "'site' is missing: a gateway stands somewhere."),
            fields.OptionalName("parent", t => GatewayId.Parse(t).Value), fields.Map("uplink", ParsePolicy), fields.PlaceOf("id"));
        if (!gateways.TryAdd(id, gateway))
            throw fields.Wrong("id", $"gateway '{id}' stands in the file twice.");
    }

    private void ReadDevice(YamlFields fields, SiteId? root)
    {
        var id = fields.Name("id", t => DeviceId.Parse(t).Value);
        var site = KnownSite(fields, "site");
        if (site is null && root is not null)
            throw fields.Wrong("site", "'site' is missing: write the place, or put devices that are nowhere into a document without 'site'.");
        var listed = fields.Texts("gateways", t => GatewayId.Parse(t).Value);
        if (listed.Length > MaxGatewaysOfDevice)
            throw fields.Wrong("gateways", $"a device lists at most {MaxGatewaysOfDevice} gateways; this one lists {listed.Length}.");
        var device = new DescribedDevice(
            id, site, fields.Text("model"), fields.Duration("heartbeat", LeastHeartbeat, MostHeartbeat) ?? DeviceRow.DefaultHeartbeat,
            fields.Map("deadband", ParseThreshold), listed, fields.PlaceOf("id"));
        if (!devices.TryAdd(id, device))
            throw fields.Wrong("id", $"device '{id}' stands in the file twice.");
    }

    /// <summary>Of places, by a query, or, in a document without <c>site</c>, of those devices that name it.</summary>
    private void ReadGroup(YamlFields fields, SiteId? root)
    {
        var id = fields.Name("id", t => DeviceId.Parse(t).Value);
        var (members, query) = (fields.Texts("sites", KnownSite), fields.Text("query", DeviceQuery.MaxLength));
        if (members.IsEmpty && query is null && (root is not null || fields.Find("sites") is not null))
            throw fields.Wrong("sites", "a group needs at least one place, or a query.");
        if (query is not null)
            CheckQuery(fields, query, members.IsEmpty);
        if (members.IsEmpty && fields.Find("window") is not null)
            throw fields.Wrong("window", "only a group of places has windows.");
        var group = new DescribedGroup(
            id, [.. members.Order(StringComparer.Ordinal)], fields.Duration("window", LeastWindow, MostWindow) ?? DescribedGroup.DefaultWindow, fields.PlaceOf("id")) { Query = query };
        if (!groups.TryAdd(id, group))
            throw fields.Wrong("id", $"group '{id}' stands in the file twice.");
    }

    private static void CheckQuery(YamlFields fields, string query, bool isAlone)
    {
        if (!isAlone)
            throw fields.Wrong("query", "a group is one of places or one by a query, not both; a query has site:PATH for that.");
        if (DeviceQuery.Parse(query) is { IsOk: false } wrong)
            throw fields.Wrong("query", wrong.Problem.Detail);
    }

    /// <summary>A view may be of places that are elsewhere, and for roles that are made later.</summary>
    private void ReadView(YamlFields fields)
    {
        var name = fields.RequiredText("name");
        var put = new SaveView(
            fields.Text("title", View.MaxTitleLength) ?? name, fields.Texts("roles", t => t), fields.Texts("widgets", t => t), fields.Texts("metrics", t => t), fields.Texts("sites", t => t),
            fields.Texts("groups", t => t), fields.Text("last"), fields.OptionalName("landing", t => t is "true" or "false" ? t : throw new FormatException($"'{t}' is neither true nor false.")) == "true");
        var view = ViewContent.Parse(name, put);
        if (!view.IsOk)
            throw fields.Wrong(view.Problem.Field ?? "name", view.Problem.Detail);
        if (!views.TryAdd(name, new DescribedView(view.Value!, fields.PlaceOf("name"))))
            throw fields.Wrong("name", $"view '{name}' stands in the file twice.");
    }

    private string? KnownSite(YamlFields fields, string field) => fields.OptionalName(field, KnownSite);

    private string KnownSite(string text)
    {
        var path = SiteId.Parse(text).Value;
        return sites.ContainsKey(path)
            ? path
            : throw new FormatException($"'{path}' is not a place of this file.{Suggestion.For(path, sites.Keys)}");
    }

    private static string ParsePolicy(string metric, string policy)
    {
        CheckMetric(metric, allowAny: true);
        return Policies.Contains(policy)
            ? policy
            : throw new FormatException($"'{policy}' is not a policy; write raw, window or both.{Suggestion.For(policy, Policies)}");
    }

    private static double ParseThreshold(string metric, string text)
    {
        CheckMetric(metric, allowAny: false);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= 0
            ? value
            : throw new FormatException($"'{text}' is not a dead band; write a number that is 0 or more, in the metric's unit.");
    }

    private static void CheckMetric(string metric, bool allowAny)
    {
        if (!(allowAny && metric == "*"))
            _ = MetricName.Parse(metric);
    }

    private ArchitectureDescription Finish() => new(
        [.. roots], [.. sites.Values], [.. gateways.Values], [.. devices.Values], [.. groups.Values]) { Tenant = tenant, Views = [.. views.Values] };
}
