using System.Text.Json;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.Shares;

/// <summary>What a share is of, as its row keeps it.</summary>
internal sealed record ShareContent(IReadOnlyList<string> Metrics, IReadOnlyList<string>? Sites, IReadOnlyList<string>? Groups)
{
    public static ShareContent Of(Share share) => new(
        [.. share.Metrics.Select(m => m.Value)], share.Scope.Sites.IsEmpty ? null : [.. share.Scope.Sites.Select(s => s.Value)],
        share.Scope.Groups.IsEmpty ? null : [.. share.Scope.Groups]);

    public static ShareContent Read(ShareRow row) => JsonSerializer.Deserialize<ShareContent>(row.Content, JsonSerializerOptions.Web)!;

    public string Write() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static Share ToShare(ShareRow row) => Read(row).Parse(row.Name).Value!;

    public static ShareQuota ToQuota(ShareRow row) => new(row.CallsPerMinute, row.ReadingsPerSecond);

    public Outcome<Share> Parse(string? name)
    {
        if (!Share.IsName(name))
            return new Problem(ProblemKind.Invalid, $"A share's name is a letter or digit, then letters, digits and . _ : -, at most {Share.MaxNameLength}.", "name");
        if (Metrics is not { Count: >= 1 and <= Share.MaxMetrics })
            return new Problem(ProblemKind.Invalid, $"A share names 1 to {Share.MaxMetrics} metrics.", "metrics");
        if (Metrics.FirstOrDefault(m => !MetricName.TryParse(m, out _)) is { } metric)
            return new Problem(ProblemKind.Invalid, $"'{metric}' is not the name of a metric.", "metrics");
        var (sites, groups) = (Sites ?? [], Groups ?? []);
        if (sites.FirstOrDefault(s => !SiteId.TryParse(s, out _)) is { } wrong)
            return new Problem(ProblemKind.Invalid, $"'{wrong}' is not the path of a place (hq/floor-1/east).", "sites");
        if (groups.FirstOrDefault(g => !DeviceId.TryParse(g, out _)) is { } unknown)
            return new Problem(ProblemKind.Invalid, $"'{unknown}' is not a group's id.", "groups");
        if (sites.Count > AccessScope.MaxItems || groups.Count > AccessScope.MaxItems)
            return new Problem(ProblemKind.Invalid, $"A share names at most {AccessScope.MaxItems} places and as many groups.", "sites");
        var scope = sites.Count + groups.Count == 0 ? AccessScope.WholeTenant : AccessScope.Of(sites.Select(SiteId.Parse), groups);
        return new Share(name, scope, [.. Metrics.Select(MetricName.Parse).Distinct().OrderBy(m => m.Value, StringComparer.Ordinal)]);
    }
}
