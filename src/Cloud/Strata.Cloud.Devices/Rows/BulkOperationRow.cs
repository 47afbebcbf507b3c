using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A change of many devices by query, and how far it is. The newest are kept, see <see cref="DevicesOptions.BulkKept"/>.</summary>
internal sealed record BulkOperationRow : IAuditedRow
{
    public const string Running = "running";
    public const string Done = "done";

    /// <summary>It ended before its end: the node stopped, or the registry could not be written. What was done is done.</summary>
    public const string Interrupted = "interrupted";

    public required string TenantId { get; init; }

    /// <summary>Grows with time, so that the newest are last.</summary>
    public required string Id { get; init; }

    public required string Query { get; init; }

    /// <summary>What is done to each device, as JSON.</summary>
    public required string Change { get; init; }

    public required string State { get; init; }

    /// <summary>Devices that the query found when it began.</summary>
    public required int Found { get; init; }

    public int Changed { get; init; }

    /// <summary>Devices that were so already.</summary>
    public int Unchanged { get; init; }

    public int Refused { get; init; }

    /// <summary>For people.</summary>
    public required string Actor { get; init; }

    /// <summary>Who may look at it beside those who see the whole tenant: the principal's kind and id.</summary>
    public required string By { get; init; }

    public required DateTimeOffset Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>The operation that this one takes back.</summary>
    public string? UndoOf { get; init; }

    public string? UndoneBy { get; init; }
}

/// <summary>What an operation did to one device, so that it can be told and taken back.</summary>
internal sealed record BulkItemRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Operation { get; init; }

    public required string Device { get; init; }

    /// <summary>The device's revision afterwards; 0 when it was refused.</summary>
    public required long Revision { get; init; }

    /// <summary>What would take it back, as JSON; null when it was refused.</summary>
    public string? Undo { get; init; }

    /// <summary>Why it was refused.</summary>
    public string? Refusal { get; init; }
}
