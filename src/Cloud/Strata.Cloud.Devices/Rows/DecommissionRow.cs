using System.Globalization;
using System.Security.Cryptography;
using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A device on its way out of service, step by step, and afterwards the proof of it.</summary>
internal sealed record DecommissionRow : IAuditedRow
{
    /// <summary>What is queued for the device is delivered.</summary>
    public const string Draining = "draining";

    /// <summary>It was told to wipe itself; its answer is awaited.</summary>
    public const string Wiping = "wiping";

    /// <summary>Its identity is being revoked.</summary>
    public const string Erasing = "erasing";

    /// <summary>It is gone; its readings are copied to the tenant that it goes to.</summary>
    public const string Handing = "handing";

    /// <summary>It is gone; its readings are written into a file.</summary>
    public const string Archiving = "archiving";

    /// <summary>Its readings are removed from the store.</summary>
    public const string Removing = "removing";

    /// <summary>They are removed; the store's files are written without them.</summary>
    public const string Scrubbing = "scrubbing";

    public const string Keep = "keep";

    public const string Archive = "archive";

    public const string Erase = "erase";

    /// <summary>What may become of readings: they stay; they go into a file and from the store; they go from the store.</summary>
    public static readonly IReadOnlyList<string> Policies = [Keep, Archive, Erase];

    public const string Done = "done";

    public static string NewId(DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"x{now.ToUnixTimeMilliseconds():x12}{RandomNumberGenerator.GetHexString(4, lowercase: true)}");

    public required string TenantId { get; init; }

    public required string Id { get; init; }

    public required string Device { get; init; }

    public required string State { get; init; }

    public required string Cause { get; init; }

    public required string Actor { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>When waiting in this state ends, whatever came.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>How long the answer to the wipe is awaited; zero when it is not told to wipe.</summary>
    public required TimeSpan WipeWithin { get; init; }

    /// <summary><c>keep</c>, <c>archive</c> or <c>erase</c>.</summary>
    public required string Data { get; init; }

    /// <summary>When nothing was queued for it any more; null where the wait ended before.</summary>
    public DateTimeOffset? Drained { get; init; }

    /// <summary>Messages that were queued for it when that wait ended and that it did not get until its identity was revoked.</summary>
    public int Undelivered { get; init; }

    /// <summary>When the command was given; null while it was not.</summary>
    public DateTimeOffset? WipeAsked { get; init; }

    /// <summary>The device's own words; null when it gave none in time.</summary>
    public string? WipeProof { get; init; }

    public DateTimeOffset? WipeProved { get; init; }

    /// <summary>What became of its certificates and secret, for people.</summary>
    public string? Identity { get; init; }

    /// <summary>Its certificates that were revoked.</summary>
    public int Revoked { get; init; }

    /// <summary>Its readings when it was gone.</summary>
    public long Readings { get; init; }

    /// <summary>Length of the archive; 0 where none was made.</summary>
    public long ArchiveBytes { get; init; }

    /// <summary>SHA-256 of the archive, where one was made.</summary>
    public string? ArchiveDigest { get; init; }

    /// <summary>The tenant that it is given to; null where it goes to nobody.</summary>
    public string? GoesTo { get; init; }

    /// <summary>Its id there.</summary>
    public string? GoesAs { get; init; }

    /// <summary>Readings that went along.</summary>
    public long Copied { get; init; }

    public DateTimeOffset? Finished { get; init; }

    /// <summary>The certificate of erasure: signed JSON.</summary>
    public string? Certificate { get; init; }
}
