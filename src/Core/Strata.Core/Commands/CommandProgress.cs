namespace Strata.Core.Commands;

/// <summary>How far a command is, and when it came there. Each step gives another one, or null where the table of <see cref="CommandStates"/> has no such step. Pure.</summary>
public sealed record CommandProgress
{
    public required CommandState State { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>When it was first said.</summary>
    public DateTimeOffset? Sent { get; init; }

    /// <summary>When the device acknowledged it first, by PUBACK or, where that comes after it, by its answer; null while it did not.</summary>
    public DateTimeOffset? Delivered { get; init; }

    /// <summary>When the device first said that it is at it.</summary>
    public DateTimeOffset? Running { get; init; }

    /// <summary>When it came into its last state.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How often it was said.</summary>
    public int Attempts { get; init; }

    /// <summary>How often over the connection there is now.</summary>
    public int AttemptsHere { get; init; }

    /// <summary>When it was last said.</summary>
    public DateTimeOffset? Tried { get; init; }

    /// <summary>Until when the device's next word is awaited; null while it waits itself.</summary>
    public DateTimeOffset? AnswerBy { get; init; }

    /// <summary>Why it is as it is, for people.</summary>
    public string? Reason { get; init; }

    public static CommandProgress Begin(DateTimeOffset now) => new() { State = CommandState.Queued, Created = now };

    /// <summary>It is said to the device, or given to its gateway.</summary>
    /// <param name="throughGateway">The gateway keeps it until the device is there for it, or it expires.</param>
    public CommandProgress? Say(CommandTerms terms, DateTimeOffset now, bool throughGateway = false) => Step(CommandState.Sent, s => s with
    {
        Sent = s.Sent ?? now, Attempts = s.Attempts + 1, AttemptsHere = s.AttemptsHere + 1, Tried = now, Reason = null,
        AnswerBy = Until(now, terms, now) is var until && throughGateway && terms.Expires > until ? terms.Expires : until,
    });

    /// <summary>The device has acknowledged it.</summary>
    public CommandProgress? Deliver(CommandTerms terms, DateTimeOffset now) => Step(CommandState.Delivered, s => s with { Delivered = s.Delivered ?? now, AnswerBy = Until(s.Delivered ?? now, terms, now) });

    /// <summary>The connection went before the device acknowledged it: it waits for the next one.</summary>
    public CommandProgress? Lose() => State == CommandState.Sent ? Step(CommandState.Queued, s => s with { AttemptsHere = 0, AnswerBy = null, Reason = "the device's connection ended before it acknowledged it" }) : null;

    /// <summary>The device's word. One that was taken back or had expired stays so; what the device says of it is a reason.</summary>
    public CommandProgress? Answer(CommandState said, string? reason, CommandTerms terms, DateTimeOffset now) => said switch
    {
        CommandState.Running => Step(said, s => s with { Delivered = s.Delivered ?? now, Running = s.Running ?? now, Reason = reason, AnswerBy = Until(s.Delivered ?? now, terms, now) }),
        CommandState.Succeeded or CommandState.Failed when State == CommandState.TimedOut => Step(said, s => s with { Delivered = s.Delivered ?? now, Ended = now, AnswerBy = null, Reason = reason is null ? "answered late" : $"answered late: {reason}" }),
        CommandState.Succeeded or CommandState.Failed => Step(said, s => s with { Delivered = s.Delivered ?? now, Ended = now, AnswerBy = null, Reason = reason }),
        _ => null,
    };

    /// <summary>Somebody takes it back.</summary>
    public CommandProgress? Cancel(string by, DateTimeOffset now) =>
        Step(CommandState.Cancelled, s => s with { Ended = now, AnswerBy = null, Reason = s.Sent is null ? $"taken back by {by}" : $"taken back by {by} after it was said to the device" });

    /// <summary>What time alone makes of it.</summary>
    /// <returns>The same where nothing is over.</returns>
    public CommandProgress Pass(CommandTerms terms, DateTimeOffset now)
    {
        if (State == CommandState.Queued && now >= terms.Expires)
        {
            return Sent is null
                ? Step(CommandState.Expired, s => s with { Ended = now, Reason = "it expired before the device was there for it" })!
                : Step(CommandState.TimedOut, s => s with { Ended = now, Reason = "it was said to the device, which never acknowledged it" })!;
        }
        if (State.IsUnderWay() && now >= AnswerBy)
        {
            return Step(CommandState.TimedOut, s => s with
            {
                Ended = now, AnswerBy = null,
                Reason = s.State switch { CommandState.Sent => "the device did not acknowledge it", CommandState.Delivered => "the device acknowledged it and did not answer", _ => "the device was at it and did not say how it ended" },
            })!;
        }
        return this;
    }

    /// <summary>Whether it is to be said again to a device that is there.</summary>
    public bool IsDueAgain(CommandTerms terms, DateTimeOffset now)
    {
        if (State is not CommandState.Sent)
            return false;
        // A clock that was set back does not keep it waiting.
        return AttemptsHere < terms.Attempts && (Tried is not { } tried || now - tried >= terms.PauseAfter(Math.Max(1, AttemptsHere)) || tried - now > CommandTerms.LongestPause);
    }

    /// <summary>Whether it was long enough with the gateway that it was given to, which has not brought it to the device.</summary>
    public bool IsOverdue(CommandTerms terms, DateTimeOffset now) => State is CommandState.Sent && (Tried is not { } tried || (now - tried).Duration() >= terms.PauseAfter(Math.Max(1, Attempts)));

    private static DateTimeOffset Until(DateTimeOffset first, CommandTerms terms, DateTimeOffset now)
    {
        if (terms.IsDirect)
            return terms.Expires;
        var next = now + terms.AnswerWithin;
        var last = first + CommandTerms.LongestRun;
        return next < last ? next : last;
    }

    private CommandProgress? Step(CommandState to, Func<CommandProgress, CommandProgress> with) => CommandStates.MayFollow(State, to) ? with(this) with { State = to } : null;
}
