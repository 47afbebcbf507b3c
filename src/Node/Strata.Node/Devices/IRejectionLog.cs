using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>What was refused. The names are those of the API (<c>authentication</c>, ...).</summary>
public enum RejectionKind
{
    Authentication,
    Payload,
    Permission,
    Protocol,
    Entry,
}

/// <summary>Equal refusals as one entry.</summary>
/// <param name="Subject">The device id or user name it gave; empty when it gave none. At most 128 characters, without control characters.</param>
/// <param name="Gateway">The gateway that refused it; null for this node.</param>
/// <param name="Count">How often.</param>
public sealed record RejectionEntry(
    TenantId Tenant, string Subject, GatewayId? Gateway, RejectionKind Kind, string Reason, long Count, DateTimeOffset First, DateTimeOffset Last);

/// <summary>
/// Where refusals are noted so that an operator can find them. Recording is quick, never waits, never throws and is safe from any thread;
/// a flood costs counts, not memory.
/// </summary>
public interface IRejectionLog
{
    void Record(TenantId tenant, RejectionKind kind, string subject, string reason, GatewayId? gateway = null, long count = 1);

    /// <summary>A tenant's entries, the newest first.</summary>
    IReadOnlyList<RejectionEntry> Newest(TenantId tenant, int limit = int.MaxValue);
}

/// <summary>Takes what the log gathered since the last time, for keeping (cloud) or for telling the parent (gateway).</summary>
public interface IRejectionSink
{
    /// <summary>Stores changes of one tenant. When it throws, the same changes (and later ones) are offered again.</summary>
    ValueTask WriteAsync(IReadOnlyList<RejectionChange> changes, CancellationToken cancellationToken);
}

/// <param name="Entry">The entry as it stands now.</param>
/// <param name="Added">How many refusals came since the last successful write.</param>
public readonly record struct RejectionChange(RejectionEntry Entry, long Added);
