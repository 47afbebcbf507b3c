namespace Strata.Cloud.Contracts;

/// <summary>A request for a share: what applications may read, of this tenant's or another's.</summary>
/// <param name="Name">Letters, digits and <c>. _ : -</c>, at most 64; part of its topics.</param>
/// <param name="Metrics">1 to 64 names.</param>
/// <param name="Sites">Places, each with all below; the whole tenant when neither places nor groups are named.</param>
/// <param name="Groups">Groups, for their members.</param>
/// <param name="ToTenant">The tenant whose applications get it, which makes its tokens itself; null for applications that get their tokens here.</param>
/// <param name="CallsPerMinute">Of all its applications together; 600 when null.</param>
/// <param name="ReadingsPerSecond">On live topics and streams, of all together; 1,000 when null.</param>
/// <param name="ValidFor">How long; null until it is revoked.</param>
public sealed record CreateShare(
    string Name, IReadOnlyList<string> Metrics, IReadOnlyList<string>? Sites = null, IReadOnlyList<string>? Groups = null, string? ToTenant = null,
    int? CallsPerMinute = null, int? ReadingsPerSecond = null, TimeSpan? ValidFor = null);

/// <summary>A share.</summary>
/// <param name="Tenant">Whose data it is.</param>
/// <param name="LeftOut">Readings left out of its live topics and streams since the node started, because its quota was used up.</param>
/// <param name="Tokens">Those that read by it; of a share that was received, one's own.</param>
public sealed record ShareInfo(
    string Tenant, string Name, IReadOnlyList<string> Metrics, IReadOnlyList<string>? Sites, IReadOnlyList<string>? Groups, string? ToTenant,
    int CallsPerMinute, int ReadingsPerSecond, DateTimeOffset Created, DateTimeOffset? Expires, long LeftOut, IReadOnlyList<ShareTokenInfo> Tokens);

/// <summary>A token that reads by a share, without its secret.</summary>
/// <param name="Application">What it is for.</param>
public sealed record ShareTokenInfo(string Id, string Application, DateTimeOffset Created, string CreatedBy, DateTimeOffset? Expires, DateTimeOffset? LastUsed);

/// <summary>A request for a token of a share.</summary>
/// <param name="Application">1 to 200 characters: what it is for.</param>
/// <param name="ValidFor">How long; never longer than the share.</param>
public sealed record CreateShareToken(string Application, TimeSpan? ValidFor = null);
