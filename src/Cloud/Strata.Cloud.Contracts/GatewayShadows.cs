using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>A gateway brings together its shadows and its parent's: <c>POST /api/v1/gateways/{id}/shadows</c>.</summary>
/// <param name="Changes">What changed at the gateway since both agreed; saying it again changes nothing.</param>
/// <param name="Known">Devices of which the gateway asks, with the versions that it has by name of the shadow; shadows that are not named are new to it.</param>
public sealed record GatewayShadows(IReadOnlyList<GatewayShadowChange> Changes, IReadOnlyList<GatewayShadowsKnown> Known);

/// <summary>What changed of one shadow at a gateway.</summary>
/// <param name="Name">Empty for the one without a name.</param>
/// <param name="Base">The parent's version on which both agreed.</param>
/// <param name="Version">The gateway's by now, beyond which the parent goes on.</param>
/// <param name="At">When the last of it was, ms since 1970 UTC.</param>
/// <param name="Reported">A patch: null deletes.</param>
/// <param name="Desired">A patch of what was set at the gateway.</param>
public sealed record GatewayShadowChange(string Device, string Name, long Base, long Version, long At, JsonElement? Reported, JsonElement? Desired);

/// <param name="Versions">By name.</param>
public sealed record GatewayShadowsKnown(string Device, IReadOnlyDictionary<string, long> Versions);

/// <summary>The parent's side.</summary>
/// <param name="Shadows">As they are there now: those that were changed, and those whose version differs from the known.</param>
/// <param name="Refused">Changes that the parent will not take, with why; they stay at the gateway, which says them again when they are others.</param>
public sealed record GatewayShadowsAnswer(IReadOnlyList<GatewayShadowState> Shadows, IReadOnlyList<GatewayShadowRefused> Refused);

/// <param name="Content">As shadows are kept.</param>
public sealed record GatewayShadowState(string Device, string Name, byte[] Content);

public sealed record GatewayShadowRefused(string Device, string Name, string Why);
