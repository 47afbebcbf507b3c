namespace Strata.Cloud.Contracts;

/// <summary>That a device was mounted at a place.</summary>
/// <param name="Id">Drawn at random by who sends it: 8 to 64 letters, digits and <c>-</c>. The same one again is the same mounting.</param>
/// <param name="Code">What the device's label says, or its id or serial number.</param>
/// <param name="Replaces">The place that it is known to be in and taken from; without it, a device that is elsewhere stays there and the answer is 409.</param>
/// <param name="Note">At most 1,000 characters.</param>
/// <param name="At">When it was done; null for now. What is later than the node's clock is taken for now.</param>
/// <param name="Photo">JPEG, PNG or WebP in base64; at most 1 MiB of bytes unless the node says otherwise.</param>
public sealed record MountDevice(string Id, string Code, string Site, string? Replaces = null, string? Note = null, DateTimeOffset? At = null, string? Photo = null);

/// <summary>A mounting that is kept.</summary>
/// <param name="From">Where the device was before; null for nowhere, or when it was there already.</param>
/// <param name="PhotoBytes">0 without a photo.</param>
public sealed record MountingInfo(string Id, string Device, string Site, string? From, string? Note, DateTimeOffset At, DateTimeOffset Received, string By, int PhotoBytes);

/// <summary>The device that a label is of.</summary>
/// <param name="Site">Where it is; null for nowhere.</param>
/// <param name="Mounting">By whom and when it was mounted there; null when it came there in another way.</param>
public sealed record LabelledDevice(string Id, string? Serial, string? Model, string State, string? Site, DateTimeOffset? LastSeen, MountingInfo? Mounting);
