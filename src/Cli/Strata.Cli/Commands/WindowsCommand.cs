using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata windows</c>: times in which work is done at a place.</summary>
internal static class WindowsCommand
{
    public static Command Create() => new("windows", "Maintenance windows: times in which work is done at a place and what is wrong there is expected.") { CreateList(), CreateCreate(), CreateCancel() };

    private static Command CreateList()
    {
        var command = new Command("list", "List windows that are not over.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListWindowsOfWorkAsync(cancellationToken)).Items, ContractsJson.Default.SiteWindowInfo, "no window is announced", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata windows list");
    }

    private static Command CreateCreate()
    {
        var site = new Option<string?>("--site") { Description = "This place and below; the whole tenant unless given." };
        var from = new Option<DateTimeOffset>("--from") { Description = "When it begins.", Required = true };
        var to = new Option<DateTimeOffset>("--to") { Description = "When it ends; 31 days later at most.", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why.", Required = true };
        var command = new Command("create", "Announce a window: its devices count as in maintenance, are not moved and nobody is sent.") { site, from, to, reason };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var window = await node.Connect(parsed).CreateWindowOfWorkAsync(new CreateSiteWindow(parsed.GetValue(site), parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(reason)!), cancellationToken);
            node.Writer(parsed).One(window, ContractsJson.Default.SiteWindowInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata windows create --site hq/floor-1 --from 2026-12-05T02:00:00Z --to 2026-12-05T06:00:00Z --reason 'new ceiling'");
    }

    private static Command CreateCancel()
    {
        var id = new Argument<string>("id") { Description = "The window's." };
        var command = new Command("cancel", "Take a window back; one that runs ends now.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).CancelWindowOfWorkAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note("it is over");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata windows cancel 01f3a2b4c5d6");
    }

    private static Column<SiteWindowInfo>[] Columns =>
        [new("id", w => w.Id), new("site", w => w.Site ?? "(all)"), new("from", w => OutputWriter.Time(w.From)), new("to", w => OutputWriter.Time(w.To)), new("reason", w => w.Reason)];
}
