using System.Collections.Immutable;
using System.Globalization;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary>What a file of templates says.</summary>
/// <param name="Tenant">Whose they are; null when the file does not say.</param>
internal sealed record TemplateFile(string? Tenant, IReadOnlyList<DeviceTemplate> Templates);

/// <summary>Reads a file of templates (<c>apiVersion: strata/v1</c>, <c>templates:</c>). Pure: what the registry has already does not matter here.</summary>
internal sealed class TemplateFileReader
{
    private static readonly TimeSpan LeastHeartbeat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostHeartbeat = TimeSpan.FromDays(30);
    private const int MaxItems = 16;

    private readonly string file;
    private readonly Dictionary<string, DeviceTemplate> templates = [];
    private string? tenant;

    private TemplateFileReader(string file) => this.file = file;

    /// <summary>The templates, or the first error: <c>FILE:LINE:COLUMN: FIELD: what is wrong</c>.</summary>
    public static Outcome<TemplateFile> Read(string file, string yaml)
    {
        try
        {
            var reader = new TemplateFileReader(file);
            foreach (var document in YamlTree.Read(file, yaml))
                reader.ReadDocument(document);
            return new TemplateFile(reader.tenant, [.. reader.templates.Values]);
        }
        catch (YamlFileException wrong)
        {
            return wrong.ToProblem();
        }
    }

    private void ReadDocument(YamlNode document)
    {
        var fields = DescriptionFile.Open(file, document, ref tenant, "apiVersion", "tenant", "templates");
        foreach (var (node, at) in fields.Items("templates"))
            ReadTemplate(new YamlFields(file, at, node, "name", "order", "match", "assign", "approval", "reprovision", "hook"));
    }

    private void ReadTemplate(YamlFields fields)
    {
        var name = fields.Name("name", t => DeviceId.Parse(t).Value);
        if (name.Length > DeviceTemplate.MaxNameLength)
            throw fields.Wrong("name", $"a template's name has at most {DeviceTemplate.MaxNameLength} characters.");
        var order = fields.Text("order") is not { } text ? DeviceTemplate.DefaultOrder
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 1_000_000 ? number
            : throw fields.Wrong("order", $"'{text}' is no order; write a number from 0 to 1000000, the lowest is tried first.");
        var policy = ReprovisionPolicy.Keep;
        if (fields.Text("reprovision") is { } said && !Reprovisioning.TryParse(said, out policy))
            throw fields.Wrong("reprovision", $"'{said}' is no policy; write {string.Join(", ", Reprovisioning.Names)}.{Suggestion.For(said, Reprovisioning.Names)}");
        var approval = fields.Text("approval") switch { null or "false" => false, "true" => true, var other => throw fields.Wrong("approval", $"'{other}' is neither true nor false.") };
        var match = fields.Find("match") is { } conditions
            ? ReadMatch(new YamlFields(file, fields.Path("match"), conditions, "sku", "serial", "issuer", "subject", "gateway", "enrolment"))
            : new TemplateMatch();
        var assign = ReadAssign(new YamlFields(
            file, fields.Path("assign"), fields.Find("assign") ?? throw fields.Wrong("assign", "'assign' is missing: what a device is given, at least its name."),
            "name", "site", "model", "heartbeat", "deadband", "gateways", "groups", "tags", "powerProfile", "topics"));
        var hook = fields.Find("hook") is { } asked ? ReadHook(new YamlFields(file, fields.Path("hook"), asked, "url", "timeout")) : null;
        if (!templates.TryAdd(name, new DeviceTemplate(name, order, match, assign) { NeedsApproval = approval, Reprovision = policy, Hook = hook }))
            throw fields.Wrong("name", $"template '{name}' stands in the file twice.");
    }

    private TemplateMatch ReadMatch(YamlFields fields)
    {
        SerialRange? serial = null;
        if (fields.Find("serial") is { } range)
        {
            var ends = new YamlFields(file, fields.Path("serial"), range, "from", "to");
            try
            {
                serial = SerialRange.Parse(ends.RequiredText("from"), ends.RequiredText("to"));
            }
            catch (FormatException e)
            {
                throw fields.Wrong("serial", e.Message);
            }
        }
        var skus = fields.Find("sku") is YamlText ? [new TextPattern(fields.RequiredText("sku"))] : fields.Texts("sku", Pattern).Select(t => new TextPattern(t)).ToImmutableArray();
        return new TemplateMatch
        {
            Sku = skus.Length <= MaxItems ? skus : throw fields.Wrong("sku", $"at most {MaxItems} patterns."), Serial = serial,
            Issuer = fields.Text("issuer") is { } issuer ? (IsKeyId(issuer) ? issuer.ToLowerInvariant() : issuer) : null,
            Subject = fields.Map("subject", (_, value) => new TextPattern(Pattern(value))).ToImmutableSortedDictionary(StringComparer.OrdinalIgnoreCase),
            Gateway = fields.OptionalName("gateway", t => GatewayId.Parse(t).Value), Enrolment = fields.OptionalName("enrolment", t => DeviceId.Parse(t).Value),
        };
    }

    private TemplateAssignment ReadAssign(YamlFields fields)
    {
        var tags = fields.Map("tags", (_, value) => NamePattern.Check(value));
        if (DeviceTags.Check(tags) is { } wrong)
            throw fields.Wrong(wrong.Field ?? "tags", wrong.Detail);
        return new TemplateAssignment
        {
            Name = fields.Name("name", NamePattern.Check), Site = fields.OptionalName("site", NamePattern.Check), Model = fields.OptionalName("model", NamePattern.Check),
            Heartbeat = fields.Duration("heartbeat", LeastHeartbeat, MostHeartbeat), Deadband = fields.Map("deadband", ReadThreshold), Gateways = fields.Texts("gateways", t => GatewayId.Parse(t).Value),
            Groups = fields.Texts("groups", t => DeviceId.Parse(t).Value), Tags = tags, PowerProfile = fields.OptionalName("powerProfile", NamePattern.Check),
            Topics = fields.Find("topics") is { } rules ? ReadTopics(new YamlFields(file, fields.Path("topics"), rules, "publish", "subscribe")) : null,
        };
    }

    private static TopicRules ReadTopics(YamlFields fields)
    {
        var rules = new TopicRules(fields.Texts("publish", TopicRules.Check), fields.Texts("subscribe", TopicRules.Check));
        return rules.Publish.Length <= TopicRules.MaxFilters && rules.Subscribe.Length <= TopicRules.MaxFilters ? rules : throw fields.Wrong("publish", $"at most {TopicRules.MaxFilters} filters of each.");
    }

    /// <summary>Others' machines are asked by TLS; this one may be asked without.</summary>
    private static AllocationHook ReadHook(YamlFields fields)
    {
        var text = fields.RequiredText("url");
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length == 0 && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            ? new AllocationHook(url, fields.Duration("timeout", AllocationHook.LeastTimeout, AllocationHook.MostTimeout) ?? AllocationHook.DefaultTimeout)
            : throw fields.Wrong("url", $"'{text}' may not be asked; write https://..., or http://127.0.0.1... for a program on this machine, without a name and password in it.");
    }

    private static string Pattern(string text) =>
        text.Length is > 0 and <= TextPattern.MaxLength ? text : throw new FormatException($"a pattern has 1 to {TextPattern.MaxLength} characters.");

    private static double ReadThreshold(string metric, string text)
    {
        _ = MetricName.Parse(metric);
        return Number(text) is >= 0 and var value ? value : throw new FormatException($"'{text}' is not a dead band; write a number that is 0 or more, in the metric's unit.");
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : throw new FormatException($"'{text}' is not a number.");

    private static bool IsKeyId(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigit);
}
