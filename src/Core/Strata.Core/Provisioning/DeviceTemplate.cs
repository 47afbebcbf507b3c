using System.Collections.Immutable;
using Strata.Core.Devices;

namespace Strata.Core.Provisioning;

/// <summary>
/// What becomes of devices that arrive and look like this. Templates are tried by their <see cref="Order"/>, the lowest first; the first that matches decides. Two that match with the same order are an
/// ambiguity, and nothing is registered by either: give one of them a lower order, or make their conditions exclude each other.
/// </summary>
public sealed record DeviceTemplate(string Name, int Order, TemplateMatch Match, TemplateAssignment Assign)
{
    public const int DefaultOrder = 100;

    public const int MaxNameLength = 64;

    /// <summary>Whether a person must say yes to each device before it is registered.</summary>
    public bool NeedsApproval { get; init; }

    /// <summary>Asked before a device is registered by this template; null for nobody.</summary>
    public AllocationHook? Hook { get; init; }

    /// <summary>What becomes of a device that is registered already and enrols again.</summary>
    public ReprovisionPolicy Reprovision { get; init; } = ReprovisionPolicy.Keep;
}

/// <summary>Conditions, all of which must hold; one that is left out holds for every device.</summary>
public sealed record TemplateMatch
{
    /// <summary>Patterns of which one must match the SKU; empty for any.</summary>
    public ImmutableArray<TextPattern> Sku { get; init; } = [];

    public SerialRange? Serial { get; init; }

    /// <summary>An authority's key id or name, or <see cref="ArrivingDevice.OwnIssuer"/>; null for any, and none.</summary>
    public string? Issuer { get; init; }

    /// <summary>Patterns by the subject's field.</summary>
    public ImmutableSortedDictionary<string, TextPattern> Subject { get; init; } = ImmutableSortedDictionary.Create<string, TextPattern>(StringComparer.OrdinalIgnoreCase);

    public string? Gateway { get; init; }

    public string? Enrolment { get; init; }
}

/// <summary>What a device is given. Texts may hold <c>{sku}</c>, <c>{serial}</c>, <c>{registration}</c>, <c>{gateway}</c>, <c>{enrolment}</c> and <c>{subject.CN}</c>.</summary>
public sealed record TemplateAssignment
{
    /// <summary>The device's id.</summary>
    public required string Name { get; init; }

    /// <summary>Its place; null for nowhere, from where it is placed by hand or by a scan.</summary>
    public string? Site { get; init; }

    /// <summary>Null for the SKU.</summary>
    public string? Model { get; init; }

    public TimeSpan? Heartbeat { get; init; }

    public ImmutableSortedDictionary<string, double> Deadband { get; init; } = ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);

    /// <summary>Gateways that may serve it beside those of its site.</summary>
    public ImmutableArray<string> Gateways { get; init; } = [];

    /// <summary>Groups that it joins by name.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>How it lives on its power: the name of a profile; null for none.</summary>
    public string? PowerProfile { get; init; }

    public TopicRules? Topics { get; init; }
}

/// <summary>Who is asked before a device is registered: an address that answers with what to change, or that it may not be.</summary>
/// <param name="Url">Asked by POST, signed by HMAC.</param>
/// <param name="Timeout">After which the answer is no.</param>
public sealed record AllocationHook(Uri Url, TimeSpan Timeout)
{
    public static readonly TimeSpan LeastTimeout = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan MostTimeout = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(2);
}

/// <summary>What a device is registered with: an assignment with everything filled in.</summary>
public sealed record AssignedDevice(DeviceId Id, string? Site, string? Model, TimeSpan? Heartbeat, string Template)
{
    public ImmutableSortedDictionary<string, double> Deadband { get; init; } = ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);

    public ImmutableArray<string> Gateways { get; init; } = [];

    public ImmutableArray<string> Groups { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public string? PowerProfile { get; init; }

    /// <summary>Its maker's number.</summary>
    public string? Serial { get; init; }

    public TopicRules? Topics { get; init; }
}
