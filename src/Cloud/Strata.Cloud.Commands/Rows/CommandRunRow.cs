using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Commands.Rows;

/// <summary>A command for many devices. Who began and ended it has an audit record; how far it is has none.</summary>
internal sealed record CommandRunRow : ITenantRow
{
    public const string Running = "running";

    public const string Done = "done";

    public const string Cancelled = "cancelled";

    public required string TenantId { get; init; }

    /// <summary>Begins with <see cref="Core.Commands.CommandNames.RunPrefix"/>: the request of each of its commands.</summary>
    public required string Id { get; init; }

    [Protected]
    public required string Query { get; init; }

    public required string Name { get; init; }

    public required string State { get; init; }

    public required TimeSpan Expiry { get; init; }

    public required TimeSpan AnswerWithin { get; init; }

    public required int Attempts { get; init; }

    public required int Priority { get; init; }

    /// <summary>Commands in a second.</summary>
    public required int Rate { get; init; }

    /// <summary>Commands that are not over at once; null for any number.</summary>
    public int? Concurrency { get; init; }

    /// <summary>JSON.</summary>
    [Protected]
    public required byte[] Payload { get; init; }

    public required int Found { get; init; }

    /// <summary>Devices of the list that it has been through.</summary>
    public required int Made { get; init; }

    public required int Refused { get; init; }

    /// <summary>The first refusals: JSON.</summary>
    [Protected]
    public required string Refusals { get; init; }

    [Protected]
    public required string Actor { get; init; }

    /// <summary>Who may see it beside those who see the whole tenant.</summary>
    public required string By { get; init; }

    public string? Schedule { get; init; }

    public string? Reason { get; init; }

    public required DateTimeOffset Started { get; init; }

    public DateTimeOffset? Ended { get; init; }
}

/// <summary>When a run is begun by itself.</summary>
internal sealed record CommandScheduleRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>JSON of the API's <c>RunCommand</c>.</summary>
    [Protected]
    public required string Run { get; init; }

    public string? Cron { get; init; }

    public string? TimeZone { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary><c>skip</c> or <c>once</c>.</summary>
    public required string Missed { get; init; }

    public required bool Enabled { get; init; }

    public DateTimeOffset? Next { get; init; }

    public DateTimeOffset? Last { get; init; }

    public string? LastRun { get; init; }

    public string? LastRefusal { get; init; }

    [Protected]
    public required string Actor { get; init; }

    public required DateTimeOffset Changed { get; init; }
}
