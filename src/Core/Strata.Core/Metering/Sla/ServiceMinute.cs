namespace Strata.Core.Metering.Sla;

/// <summary>What was measured of a tenant's service within one minute: by its own traffic, and by the probe that the node sends through its own listener.</summary>
/// <param name="Start">Start of the minute, UTC.</param>
public sealed record ServiceMinute(DateTimeOffset Start)
{
    /// <summary>Whether the probe's reading was taken; null when none was sent.</summary>
    public bool? ProbeIngest { get; init; }

    /// <summary>Whether the API answered the probe; null when it was not asked.</summary>
    public bool? ProbeApi { get; init; }

    /// <summary>Messages acknowledged, refused ones too: to refuse a bad payload is to serve it.</summary>
    public long IngestAcknowledged { get; init; }

    /// <summary>Messages that the node could not take.</summary>
    public long IngestFailed { get; init; }

    /// <summary>What 95 % of the acknowledgements stayed within, ms; the probe's time when there was no traffic, null when there was neither.</summary>
    public decimal? IngestP95Ms { get; init; }

    public long ApiCalls { get; init; }

    /// <summary>Answers 5xx among <see cref="ApiCalls"/>.</summary>
    public long ApiFailed { get; init; }

    /// <summary>Messages owed to applications' subscriptions.</summary>
    public long Owed { get; init; }

    /// <summary>Messages handed on of those; not more than <see cref="Owed"/>.</summary>
    public long Delivered { get; init; }

    /// <summary>What the minute counts for an objective.</summary>
    public MinuteShare Judge(ServiceObjective objective) => objective.Kind switch
    {
        ObjectiveKind.IngestAvailability => new(Worse(ProbeIngest, IngestAcknowledged + IngestFailed, IngestFailed), 1),
        ObjectiveKind.ApiAvailability => new(Worse(ProbeApi, ApiCalls, ApiFailed), 1),
        ObjectiveKind.IngestLatency => IngestP95Ms is { } ms ? new(ms <= objective.LimitMs ? 1 : 0, 1) : default,
        ObjectiveKind.DeliveryRatio => new(Math.Min(Delivered, Owed), Owed),
        _ => default,
    };

    /// <summary>What a minute counts of which nothing is known: the node was not there.</summary>
    public static MinuteShare Missing(ObjectiveKind kind) => kind is ObjectiveKind.IngestAvailability or ObjectiveKind.ApiAvailability ? new(0, 1) : default;

    /// <summary>The probe and the real traffic each give a share; the worse one counts. To 12 digits, so that sums of shares are exact.</summary>
    private static decimal Worse(bool? probe, long all, long failed)
    {
        var real = all > 0 ? decimal.Round((decimal)(all - failed) / all, 12) : 1m;
        return probe == false ? 0 : real;
    }
}

/// <summary>A part of the whole: minutes, messages or alerts.</summary>
public readonly record struct MinuteShare(decimal Good, decimal Total);

/// <summary>An announced time in which nothing is promised.</summary>
public readonly record struct MaintenanceSpan(DateTimeOffset From, DateTimeOffset To)
{
    public bool Covers(DateTimeOffset minute) => minute >= From && minute < To;
}
