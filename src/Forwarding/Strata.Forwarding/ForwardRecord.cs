namespace Strata.Forwarding;

/// <summary>What is given to <see cref="ForwardLog.AppendAsync"/>: a payload and what the log must know of it to keep the books.</summary>
/// <param name="Payload">Read during the append only; the giver's again afterwards.</param>
public readonly record struct ForwardRecord(ReadOnlyMemory<byte> Payload)
{
    /// <summary>The caller's kind of record, 0 to <see cref="ForwardLog.Tags"/> - 1; totals are kept per tag.</summary>
    public byte Tag { get; init; }

    /// <summary>Readings that this record covers and no earlier one did: what is lost when the record is.</summary>
    public int Readings { get; init; }

    /// <summary>Event time of the first reading, microseconds; null when it has none.</summary>
    public long? From { get; init; }

    /// <summary>Event time of the last reading.</summary>
    public long? To { get; init; }

    /// <summary>
    /// The caller's position in what it derives records from; the last one comes back as <see cref="ForwardLog.Cursor"/>. Null leaves the last one standing.
    /// </summary>
    public long? Cursor { get; init; }
}

/// <summary>A record as the log gives it out.</summary>
/// <param name="Number">1, 2, 3, ... in the order of appending.</param>
/// <param name="Appended">When it was appended, by the clock of then; tells age, orders nothing.</param>
/// <param name="Payload">A copy; the receiver's.</param>
public readonly record struct ForwardEntry(
    long Number, byte Tag, int Readings, long? From, long? To, long? Cursor, DateTimeOffset Appended, ReadOnlyMemory<byte> Payload);

/// <summary>Numbers that will never be sent.</summary>
/// <param name="Readings">Readings in them, exact for dropped records, as far as known for damaged ones.</param>
/// <param name="Reason"><see cref="BufferFull"/> or <see cref="Damaged"/>.</param>
public sealed record ForwardGap(long First, long Last, long Readings, long? From, long? To, string Reason)
{
    public const string BufferFull = "buffer-full";
    public const string Damaged = "damaged";
}

/// <summary>What became of an append.</summary>
public enum AppendOutcome
{
    /// <summary>All records are on the disk.</summary>
    Appended,

    /// <summary>The log is full, and its policy is to refuse or all that could be dropped is under way to the peer; nothing was taken. Later may succeed.</summary>
    Full,

    /// <summary>The disk could not take the bytes; nothing was taken. Later may succeed.</summary>
    NoSpace,
}

/// <param name="First">Number of the first record given; 0 when nothing was taken or given.</param>
/// <param name="Last">Number of the last record given.</param>
/// <param name="Gaps">What was given up to make room.</param>
public readonly record struct AppendResult(AppendOutcome Outcome, long First, long Last, IReadOnlyList<ForwardGap> Gaps);

/// <summary>What opening the log found.</summary>
/// <param name="CutBytes">Bytes of an append that had not finished.</param>
/// <param name="Gaps">Damaged records, now given up.</param>
/// <param name="StateLost">The file of acknowledged numbers was unreadable: acknowledged records may be sent again.</param>
/// <param name="Notes">Sentences for the log of the program; empty when all was well.</param>
public sealed record OpeningReport(long CutBytes, IReadOnlyList<ForwardGap> Gaps, bool StateLost, IReadOnlyList<string> Notes);

/// <summary>Records, readings in them and payload bytes.</summary>
public readonly record struct ForwardCount(long Records, long Readings, long Bytes)
{
    public static ForwardCount operator +(ForwardCount a, ForwardCount b) => new(a.Records + b.Records, a.Readings + b.Readings, a.Bytes + b.Bytes);

    public static ForwardCount operator -(ForwardCount a, ForwardCount b) => new(a.Records - b.Records, a.Readings - b.Readings, a.Bytes - b.Bytes);
}

/// <summary>The books of the log at one moment. Since the stream began: appended = acknowledged + waiting + lost.</summary>
/// <param name="Lost">Dropped or damaged; the bytes of damaged records are unknown and 0.</param>
/// <param name="DiskBytes">Bytes of the segment files.</param>
/// <param name="Oldest">When the oldest waiting record was appended; null when none waits.</param>
/// <param name="Gaps">Gaps so far.</param>
public sealed record ForwardLogStatus(
    ForwardCount Appended, ForwardCount Waiting, ForwardCount Lost, long DiskBytes, DateTimeOffset? Oldest, long Gaps)
{
    public ForwardCount Acknowledged => Appended - Waiting - Lost;
}

/// <summary>The log could not put bytes on the disk and takes nothing more until the process starts anew: what is on the disk is not known.</summary>
public sealed class ForwardLogStoppedException(string message, Exception? inner = null) : Exception(message, inner);
