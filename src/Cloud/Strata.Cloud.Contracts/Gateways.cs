namespace Strata.Cloud.Contracts;

/// <summary>Everything a gateway must know to serve its devices without its parent.</summary>
/// <param name="Version">Grows with each change; a gateway that reconnects says the last it has.</param>
/// <param name="Uplink">Policy per metric (<c>raw</c>, <c>window</c>, <c>both</c>); <c>*</c> is the default.</param>
public sealed record GatewayConfiguration(
    long Version, string Gateway, string Tenant, string Site, IReadOnlyDictionary<string, string> Uplink, IReadOnlyList<GatewayDevice> Devices,
    IReadOnlyList<GatewayGroup> Groups);

/// <summary>A device that the gateway may serve.</summary>
/// <param name="SecretHash">SHA-256 of the secret, base64; null for a device without one.</param>
/// <param name="HeartbeatMs">Longest silence of a healthy device.</param>
public sealed record GatewayDevice(string Id, string? Site, string? SecretHash, long HeartbeatMs, bool Enabled);

/// <summary>A group whose windows the gateway computes.</summary>
/// <param name="Sites">A device in one of these places, or below, is a member.</param>
public sealed record GatewayGroup(string Id, string Site, IReadOnlyList<string> Sites, long WindowMs);

/// <summary>A change of a <see cref="GatewayConfiguration"/> since <paramref name="From"/>.</summary>
public sealed record GatewayChange(
    long From, long Version, IReadOnlyList<GatewayDevice> Devices, IReadOnlyList<string> Removed, IReadOnlyList<GatewayGroup>? Groups,
    IReadOnlyDictionary<string, string>? Uplink);

/// <summary>The parent asks the gateway's own API.</summary>
public sealed record LinkRequest(string Id, string Path);

/// <summary>A message for a device, on its way down through a gateway.</summary>
/// <param name="Id">Of the tenant; what comes again under it is the same message.</param>
/// <param name="Device">Whom it is for.</param>
/// <param name="Topic">Below <c>devices/{device}/</c>.</param>
/// <param name="Payload">Base64.</param>
/// <param name="Expires">When it is worth nothing any more, ms since the epoch.</param>
public sealed record DownwardMessage(string Id, string Device, string Topic, string Payload, long Expires)
{
    /// <summary>Of a command that the gateway was given itself; null for one from its parent.</summary>
    public ToldHere? Told { get; init; }
}

/// <summary>Who told a gateway to tell its device something.</summary>
/// <param name="IsRecorded">That it was is in the gateway's store.</param>
public sealed record ToldHere(string By, DateTimeOffset At, bool IsRecorded);

/// <summary>Answer to an uplink request, after the commit.</summary>
/// <param name="Acknowledged">Closed intervals of entry numbers that need not be sent again.</param>
public sealed record UplinkAnswer(IReadOnlyList<long[]> Acknowledged, IReadOnlyList<RejectedEntry> Rejected);

public sealed record RejectedEntry(long Number, string Reason);

/// <summary>What a gateway says of itself, with each uplink request at most once a second: <c>POST /api/v1/gateways/{id}/status</c>.</summary>
/// <param name="Share">What part of the gateway's capacity the tenant has, percent; null when it serves nobody else.</param>
public sealed record GatewayStatus(ProcessBooks Books, IReadOnlyList<ProcessBooks> Below, DateTimeOffset? BacklogSince, string Version, LatencyInfo Immediate, double? Share = null);
