namespace Strata.Core.Commands;

/// <summary>What is to be done with a command now.</summary>
public enum CommandStep
{
    /// <summary>Nothing.</summary>
    Wait,

    /// <summary>It is said to the device, for the first time or again.</summary>
    Say,

    /// <summary>It waits for the device's next connection.</summary>
    Lose,

    /// <summary>Its time is over: <see cref="CommandProgress.Pass"/>.</summary>
    End,
}

/// <summary>How a device can be reached now.</summary>
public enum DeviceReach
{
    /// <summary>Not at all.</summary>
    Away,

    /// <summary>By its connection here, and it listens.</summary>
    Here,

    /// <summary>Through its gateway, which has its link; it says what it was given again by itself.</summary>
    ThroughGateway,

    /// <summary>Through its gateway, which is away: what it was given is with it, or waits for it.</summary>
    GatewayAway,

    /// <summary>Through a gateway which has its link, and which is another than the command was given to.</summary>
    ThroughAnother,
}

/// <summary>The commands of one device that are not over, and which of them goes when. Pure.</summary>
public static class CommandLine
{
    /// <summary>What is to be done with each, in the order in which it is to be done. Those with which nothing is to be done are left out.</summary>
    /// <param name="open">In any order; none is over.</param>
    /// <param name="reach">By which way the device can be reached with this command now: it may listen to some and not to others.</param>
    /// <param name="atOnce">How many of the queue may be under way at once.</param>
    public static IReadOnlyList<(T Command, CommandStep Step)> Decide<T>(
        IReadOnlyCollection<T> open, Func<T, (CommandTerms Terms, CommandProgress Progress)> of, Func<T, DeviceReach> reach, int atOnce, DateTimeOffset now)
    {
        var steps = new List<(T, CommandStep)>();
        var ahead = 0;
        foreach (var command in open)
        {
            var (terms, progress) = of(command);
            var step = Under(terms, progress, reach(command), now);
            if (step is not CommandStep.Wait)
                steps.Add((command, step));
            if (terms.IsDirect || !progress.State.IsUnderWay() || step is CommandStep.End)
                continue;
            // What is lost is said again before what came after it: the queue goes on at the next look.
            ahead += step is CommandStep.Lose ? atOnce : 1;
        }
        var waiting = open.Where(c => of(c) is { Progress.State: CommandState.Queued } and var w && now < w.Terms.Expires && reach(c) is DeviceReach.Here or DeviceReach.ThroughGateway)
            .OrderByDescending(c => of(c).Terms.IsDirect).ThenByDescending(c => of(c).Terms.Priority).ThenBy(c => of(c).Progress.Created);
        foreach (var command in waiting)
        {
            if (!of(command).Terms.IsDirect && ahead++ >= atOnce)
                break;
            steps.Add((command, CommandStep.Say));
        }
        return steps;
    }

    /// <summary>How a device can be reached with each command, all of one moment: one that begins to listen while it is asked would be given a later command before an earlier one.</summary>
    /// <returns>Null while it changes: it is asked again at the next look.</returns>
    public static IReadOnlyDictionary<string, T>? OfOneMoment<T>(IReadOnlyCollection<string> names, Func<string, T> ask, Func<T, DeviceReach> reach)
    {
        var first = names.ToDictionary(static n => n, ask, StringComparer.Ordinal);
        return names.Count > 1 && names.Any(n => reach(ask(n)) != reach(first[n])) ? null : first;
    }

    private static CommandStep Under(CommandTerms terms, CommandProgress progress, DeviceReach reach, DateTimeOffset now)
    {
        if (!ReferenceEquals(progress.Pass(terms, now), progress))
            return CommandStep.End;
        return (progress.State, reach) switch
        {
            (CommandState.Sent, DeviceReach.Away) => CommandStep.Lose,
            (_, DeviceReach.Here) when progress.IsDueAgain(terms, now) => CommandStep.Say,
            // Where two gateways hear the device in turns, it goes back and forth ever more slowly.
            (CommandState.Sent, DeviceReach.ThroughAnother) when progress.IsOverdue(terms, now) => CommandStep.Lose,
            // The program may have ended between writing that it was sent and giving it to the gateway, which takes it once.
            (CommandState.Sent, DeviceReach.ThroughGateway) when progress.AttemptsHere == 0 => CommandStep.Say,
            _ => CommandStep.Wait,
        };
    }
}
