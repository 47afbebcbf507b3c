using System.Globalization;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Identity.Rows;

/// <summary>The names for which a gateway has certificates that have not ended.</summary>
[OfInstallation("the certificate leads to this installation's root")]
internal sealed record GatewayNamesRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Gateway { get; init; }

    /// <summary>Hosts and addresses, each with the second (since 1970) at which its last certificate ends: <c>gw.example@1790000000</c>, a space between them.</summary>
    public required string Names { get; init; }

    /// <summary>Of the newest certificate.</summary>
    public required string Serial { get; init; }

    public static string Write(IReadOnlyDictionary<string, DateTimeOffset> ends) => string.Join(' ', ends.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key}@{e.Value.ToUnixTimeSeconds()}")));

    public Dictionary<string, DateTimeOffset> Ends() => Names.Split(' ').Select(n => n.Split('@'))
        .ToDictionary(n => n[0], n => DateTimeOffset.FromUnixTimeSeconds(long.Parse(n[1], CultureInfo.InvariantCulture)), StringComparer.OrdinalIgnoreCase);
}
