using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata commands run</c>, <c>runs</c> and <c>schedule</c>.</summary>
internal static class CommandRunCommands
{
    public static IEnumerable<Command> Create() => [CreateRun(), CreateRuns(), CreateSchedule()];

    private static Command CreateRun()
    {
        var fields = new RunFields();
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say how many devices it would be." };
        var command = new Command("run", "Send a command to all devices that a query finds, at a pace.") { dryRun };
        fields.AddTo(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) => Print(node.Writer(parsed), await node.Connect(parsed).RunCommandAsync(fields.Read(parsed) with { DryRun = parsed.GetValue(dryRun) }, cancellationToken)));
        return HelpWithExamples.WithExamples(command, "strata commands run ping --query 'site:hq/floor-1' --rate 20", "strata commands run restart --query group:weak --concurrency 5 --dry-run");
    }

    private static Command CreateRuns()
    {
        var list = new Command("list", "List runs, newest first.");
        var listNode = new NodeOptions(list);
        list.SetAction(async (parsed, cancellationToken) =>
        {
            listNode.Writer(parsed).List((await listNode.Connect(parsed).ListCommandRunsAsync(cancellationToken)).Items, ContractsJson.Default.CommandRunInfo, "none yet",
                new("id", r => r.Id ?? ""), new("name", r => r.Name), new("state", r => r.State), new("made", r => $"{r.Made} of {r.Found}", true), new("came to", Counts), new("query", r => r.Query), new("by", r => r.Actor),
                new("started", r => OutputWriter.Time(r.Started)));
            return ExitCode.Success;
        });
        var (shown, cancelled) = (Id(), Id());
        var show = new Command("show", "Show how far a run is.") { shown };
        var showNode = new NodeOptions(show);
        show.SetAction(async (parsed, cancellationToken) => Print(showNode.Writer(parsed), await showNode.Connect(parsed).GetCommandRunAsync(parsed.GetValue(shown)!, cancellationToken)));
        var cancel = new Command("cancel", "Make no more of its commands, and take back those that were not said yet.") { cancelled };
        var cancelNode = new NodeOptions(cancel);
        cancel.SetAction(async (parsed, cancellationToken) => Print(cancelNode.Writer(parsed), await cancelNode.Connect(parsed).CancelCommandRunAsync(parsed.GetValue(cancelled)!, cancellationToken)));
        return new Command("runs", "Commands for many devices, and how far they are.")
        {
            HelpWithExamples.WithExamples(list, "strata commands runs list"), HelpWithExamples.WithExamples(show, "strata commands runs show run.19ac41f27e03b1c2d"), HelpWithExamples.WithExamples(cancel, "strata commands runs cancel run.19ac41f27e03b1c2d"),
        };
    }

    private static Command CreateSchedule()
    {
        var id = new Argument<string>("id") { Description = "What the schedule is called." };
        var fields = new RunFields();
        var cron = new Option<string?>("--cron") { Description = "Minute, hour, day of month, month, day of week: '30 2 * * 1-5'." };
        var zone = new Option<string?>("--time-zone") { Description = "In which the fields are meant, for example Europe/Zurich; UTC unless given." };
        var at = new Option<DateTimeOffset?>("--at") { Description = "Once, at this time." };
        var missed = new Option<string?>("--missed") { Description = "What becomes of times that pass while the node is away: skip (unless given) or once, one run afterwards for all of them." };
        var set = new Command("set", "Set when a command is sent to all devices that a query finds then.") { id, cron, zone, at, missed };
        fields.AddTo(set);
        var setNode = new NodeOptions(set);
        set.SetAction(async (parsed, cancellationToken) =>
        {
            var schedule = new SaveCommandSchedule(fields.Read(parsed)) { Cron = parsed.GetValue(cron), TimeZone = parsed.GetValue(zone), At = parsed.GetValue(at), Missed = parsed.GetValue(missed) };
            var info = await setNode.Connect(parsed).PutCommandScheduleAsync(parsed.GetValue(id)!, schedule, cancellationToken);
            setNode.Writer(parsed).One(info, ContractsJson.Default.CommandScheduleInfo, new("id", s => s.Id), new("name", s => s.Run.Name), new("query", s => s.Run.Query), new("next", s => s.Next is null ? "never" : OutputWriter.Time(s.Next)));
            return ExitCode.Success;
        });
        var list = new Command("list", "List schedules.");
        var listNode = new NodeOptions(list);
        list.SetAction(async (parsed, cancellationToken) =>
        {
            listNode.Writer(parsed).List((await listNode.Connect(parsed).ListCommandSchedulesAsync(cancellationToken)).Items, ContractsJson.Default.CommandScheduleInfo, "none",
                new("id", s => s.Id), new("name", s => s.Run.Name), new("query", s => s.Run.Query), new("when", s => s.Cron is null ? OutputWriter.Time(s.At) : $"{s.Cron} {s.TimeZone ?? "UTC"}"),
                new("next", s => s.Next is null ? "never" : OutputWriter.Time(s.Next)), new("last", s => s.LastRefusal ?? s.LastRun ?? ""));
            return ExitCode.Success;
        });
        var gone = new Argument<string>("id") { Description = "The schedule's." };
        var remove = new Command("remove", "Begin it no more; runs that were begun go on.") { gone };
        var removeNode = new NodeOptions(remove);
        remove.SetAction(async (parsed, cancellationToken) =>
        {
            await removeNode.Connect(parsed).DeleteCommandScheduleAsync(parsed.GetValue(gone)!, cancellationToken);
            removeNode.Writer(parsed).Note("removed");
            return ExitCode.Success;
        });
        return new Command("schedule", "Commands that are sent at times.")
        {
            HelpWithExamples.WithExamples(set, "strata commands schedule set nightly report-now --query 'site:hq' --cron '0 3 * * *' --time-zone Europe/Zurich", "strata commands schedule set once restart --query model:P100 --at 2027-01-01T03:00:00Z --missed once"),
            HelpWithExamples.WithExamples(list, "strata commands schedule list"), HelpWithExamples.WithExamples(remove, "strata commands schedule remove nightly"),
        };
    }

    private static Argument<string> Id() => new("id") { Description = "The run's id, as 'strata commands runs list' says." };

    private static string Counts(CommandRunInfo run) => string.Join(", ", run.Counts.Select(c => $"{c.Value} {c.Key}"));

    private static int Print(OutputWriter output, CommandRunInfo run)
    {
        output.One(run, ContractsJson.Default.CommandRunInfo,
            new("id", r => r.Id ?? "not kept"), new("name", r => r.Name), new("state", r => r.State), new("query", r => r.Query), new("found", r => $"{r.Found}"), new("made", r => $"{r.Made}"), new("came to", Counts));
        foreach (var refusal in run.Refusals)
            output.Note($"{refusal.Device}: {refusal.Why}");
        return ExitCode.Success;
    }

    /// <summary>What a run is.</summary>
    private sealed class RunFields
    {
        private readonly Argument<string> name = new("name") { Description = "What they shall do." };
        private readonly Option<string> query = new("--query") { Description = QueryText.Help, Required = true };
        private readonly Option<string?> payload = CommandsCommand.PayloadOption();
        private readonly Option<TimeSpan?> expires = CommandsCommand.Duration("--expires", "For how long at most each waits for its device; a day unless given.");
        private readonly Option<int?> rate = new("--rate") { Description = "Commands in a second at most; 50 unless given." };
        private readonly Option<int?> concurrency = new("--concurrency") { Description = "Commands of it that are not over at once at most." };

        public void AddTo(Command command)
        {
            command.Arguments.Add(name);
            foreach (var option in new Option[] { query, payload, expires, rate, concurrency })
                command.Options.Add(option);
        }

        public RunCommand Read(ParseResult parsed) => new(parsed.GetValue(query)!, parsed.GetValue(name)!, CommandsCommand.PayloadOf(parsed.GetValue(payload)))
        {
            Expires = parsed.GetValue(expires), Rate = parsed.GetValue(rate), Concurrency = parsed.GetValue(concurrency),
        };
    }
}
