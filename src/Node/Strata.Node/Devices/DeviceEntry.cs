using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>A device as far as a node must know it to serve it.</summary>
/// <param name="SecretHash">SHA-256 of its secret (<see cref="DeviceSecrets"/>); empty for one that has none, which no secret lets in.</param>
/// <param name="Site">Where it is; null while it is nowhere.</param>
/// <param name="Heartbeat">Longest silence of a healthy device.</param>
/// <param name="Enabled">False for a device that is known but not allowed in (decommissioned, not yet provisioned).</param>
public sealed record DeviceEntry(
    TenantId Tenant, DeviceId Device, ReadOnlyMemory<byte> SecretHash, SiteId? Site, TimeSpan Heartbeat, bool Enabled)
{
    /// <summary>Its model, under which its use is metered; empty for none.</summary>
    public string Model { get; init; } = "";

    /// <summary>What it may do in the state of its life; all, or nothing, unless its owner knows the state.</summary>
    public DeviceRights Rights { get; init; } = Enabled ? DeviceRights.All : DeviceRights.None;
}

/// <summary>A gateway as far as its parent must know it.</summary>
/// <param name="SecretHash">SHA-256 of its secret; empty when it may not connect (expected, but never joined).</param>
/// <param name="Parent">The gateway it is chained to; null when it dials this node.</param>
public sealed record GatewayEntry(TenantId Tenant, GatewayId Gateway, ReadOnlyMemory<byte> SecretHash, SiteId Site, GatewayId? Parent, bool Enabled);

/// <summary>What a check of credentials came to.</summary>
public enum CredentialCheck
{
    Accepted,

    /// <summary>Nobody of that name.</summary>
    Unknown,

    /// <summary>Known, but the secret is another.</summary>
    WrongSecret,

    /// <summary>Known, the secret is right, but it may not connect.</summary>
    Disabled,
}

/// <summary>Said of a failed check: to the log of rejections, not to the peer.</summary>
public static class CredentialCheckReasons
{
    /// <summary>One sentence for the operator; <paramref name="what"/> is "device" or "gateway".</summary>
    public static string Reason(this CredentialCheck check, string what) => check switch
    {
        CredentialCheck.Unknown => $"unknown {what}",
        CredentialCheck.WrongSecret => "wrong secret",
        CredentialCheck.Disabled => $"the {what} is not allowed to connect in its state",
        _ => "accepted",
    };
}
