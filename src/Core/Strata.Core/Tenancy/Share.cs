using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Strata.Core.Telemetry;

namespace Strata.Core.Tenancy;

/// <summary>
/// What a tenant lets applications read, of its own or another tenant: some metrics of the devices in some places and groups. An application that has a
/// share reads nothing else, whatever is asked. Immutable.
/// </summary>
/// <param name="Name">As <see cref="IsName"/>; part of the topics <c>shared/{name}/...</c>.</param>
/// <param name="Metrics">At least one, in order; more than <see cref="MaxMetrics"/> make no share.</param>
public sealed record Share(string Name, AccessScope Scope, ImmutableArray<MetricName> Metrics)
{
    public const int MaxNameLength = 64;

    public const int MaxMetrics = 64;

    /// <summary>What an application with a share may do, within it.</summary>
    public static readonly Role Reader = new("share", PermissionSet.Of(Permission.ReadingsRead));

    public bool Covers(MetricName metric) => Metrics.AsSpan().Contains(metric);

    /// <summary>The metrics that are both asked for and shared; nothing asked for is all. Null when nothing is left.</summary>
    public IReadOnlyList<MetricName>? Narrow(IReadOnlyList<MetricName> asked)
    {
        if (asked.Count == 0)
            return Metrics;
        MetricName[] left = [.. asked.Where(Covers)];
        return left.Length == 0 ? null : left;
    }

    /// <summary>Whether a share may have this name: a letter or digit, then letters, digits and <c>. _ : -</c>, at most 64.</summary>
    public static bool IsName([NotNullWhen(true)] string? text) => NameRule.IsValid(text, MaxNameLength, allowSpace: false);
}
