using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>A command for one device.</summary>
/// <param name="Name">What the device shall do; the second level of the topic.</param>
/// <param name="Payload">Any JSON; an empty object unless given.</param>
public sealed record SendCommand(string Name, JsonElement? Payload = null)
{
    /// <summary>The caller's own id of it, so that it can be sent again without being done twice; drawn unless given. Also as the header <c>Idempotency-Key</c>.</summary>
    public string? Request { get; init; }

    /// <summary>Direct: the device must be there, and the answer to this request waits for its answer so long at most. Not together with <see cref="Expires"/>.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Queued: how long it may wait for the device; the node's usual time unless given.</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>0 (unless given) to 9: of what waits for a device the highest goes first.</summary>
    public int? Priority { get; init; }

    /// <summary>How often it is said at most over one connection until the device acknowledges it.</summary>
    public int? Attempts { get; init; }

    /// <summary>How long the device's next word is awaited once it was said.</summary>
    public TimeSpan? AnswerWithin { get; init; }
}

/// <summary>A command and how far it is.</summary>
/// <param name="State"><c>queued</c>, <c>sent</c>, <c>delivered</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>timedOut</c>, <c>cancelled</c> or <c>expired</c>.</param>
/// <param name="Actor">Who sent it; a gateway's id where that told its device itself.</param>
public sealed record CommandInfo(string Device, string Request, string Name, string State, DateTimeOffset Created, string Actor)
{
    /// <summary>Why it is in its state, for people.</summary>
    public string? Reason { get; init; }

    /// <summary>Not in lists.</summary>
    public JsonElement? Payload { get; init; }

    /// <summary>The device's; not in lists.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>Whether somebody waited for it.</summary>
    public bool Direct { get; init; }

    public int Priority { get; init; }

    /// <summary>Until when it may be said for the first time.</summary>
    public DateTimeOffset Expires { get; init; }

    /// <summary>When it was first said.</summary>
    public DateTimeOffset? Sent { get; init; }

    /// <summary>When the device acknowledged it; null where nobody can know.</summary>
    public DateTimeOffset? Delivered { get; init; }

    public DateTimeOffset? Running { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>How often it was said.</summary>
    public int Attempts { get; init; }

    /// <summary>Through which gateway it went, or which one told its device itself; null for none.</summary>
    public string? Gateway { get; init; }

    /// <summary>The run of many that it is of; null for one by itself.</summary>
    public string? Run { get; init; }
}

/// <summary>What the payload of a command must be, for devices of a model.</summary>
/// <param name="Model"><c>*</c> for all that have none of their own.</param>
/// <param name="Schema">JSON Schema.</param>
public sealed record CommandSchemaInfo(string Model, string Name, JsonElement Schema, DateTimeOffset Changed, string By);

/// <summary>One command for all devices that a query finds.</summary>
/// <param name="Query">As for lists of devices; <c>id:*</c> for all.</param>
public sealed record RunCommand(string Query, string Name, JsonElement? Payload = null)
{
    public TimeSpan? Expires { get; init; }

    public int? Priority { get; init; }

    public int? Attempts { get; init; }

    public TimeSpan? AnswerWithin { get; init; }

    /// <summary>Commands that are made in a second at most; the node's usual number unless given.</summary>
    public int? Rate { get; init; }

    /// <summary>Commands of it that are not over at once at most; as many as there are unless given.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Only says how many devices it would be.</summary>
    public bool DryRun { get; init; }
}

/// <summary>A command for many devices and how far it is.</summary>
/// <param name="Id">Null for a dry run, which is not kept.</param>
/// <param name="State"><c>dry-run</c>, <c>running</c>, <c>done</c> or <c>cancelled</c>.</param>
/// <param name="Found">Devices that the query found when it began.</param>
/// <param name="Made">Devices for which the command was made, or refused.</param>
/// <param name="Counts">Of those, how many are in which state; <c>refused</c> among them.</param>
public sealed record CommandRunInfo(string? Id, string Query, string Name, string State, int Found, int Made, IReadOnlyDictionary<string, int> Counts, string Actor, DateTimeOffset Started)
{
    public JsonElement? Payload { get; init; }

    public int Rate { get; init; }

    public int? Concurrency { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>The schedule that began it.</summary>
    public string? Schedule { get; init; }

    /// <summary>The first devices for which it was refused, and why.</summary>
    public IReadOnlyList<BulkRefusal> Refusals { get; init; } = [];

    /// <summary>Why it ended otherwise than by being done.</summary>
    public string? Reason { get; init; }
}

/// <summary>A command for many that is begun at times.</summary>
public sealed record SaveCommandSchedule(RunCommand Run)
{
    /// <summary>Five fields: minute, hour, day of month, month, day of week. Or <see cref="At"/>.</summary>
    public string? Cron { get; init; }

    /// <summary>In which the fields are meant, for example <c>Europe/Zurich</c>; UTC unless given.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Once.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What becomes of times that pass while the node is away: <c>skip</c> (unless given), or <c>once</c>: one run afterwards for all of them.</summary>
    public string? Missed { get; init; }

    /// <summary>Whether it is begun at all.</summary>
    public bool Enabled { get; init; } = true;
}

/// <summary>A schedule as it stands.</summary>
/// <param name="Next">When it is begun next; null when it never is.</param>
public sealed record CommandScheduleInfo(string Id, RunCommand Run, string? Cron, string? TimeZone, DateTimeOffset? At, string Missed, bool Enabled, DateTimeOffset? Next, string Actor, DateTimeOffset Changed)
{
    /// <summary>The last run that it began.</summary>
    public string? LastRun { get; init; }

    /// <summary>When it last was due.</summary>
    public DateTimeOffset? Last { get; init; }

    /// <summary>What became of that: why no run was begun; null when one was.</summary>
    public string? LastRefusal { get; init; }
}
