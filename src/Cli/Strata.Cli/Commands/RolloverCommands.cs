using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca rollover</c>: a tenant's authority is replaced by a new one; or, with <c>--installation</c>, the intermediate above all of them, and the root.</summary>
internal static class RolloverCommands
{
    private static readonly Column<RolloverInfo>[] Columns =
    [
        new("state", r => r.State), new("old", r => r.Old ?? ""), new("new", r => r.New ?? ""), new("moved", r => $"{r.Moved}"), new("waiting", r => $"{r.Waiting}"),
        new("expected", r => r.Expected is null ? "" : OutputWriter.Time(r.Expected)),
    ];

    public static Command Create() => new("rollover", "Replace the tenant's authority by a new one, or the installation's and its root, while devices go on.") { CreatePlan(), CreateRun(), CreateStatus() };

    private static Command CreatePlan() => Reading("plan", "Say what a roll-over would do. Changes nothing.", r => r.State == RolloverStates.Renewing
        ? Next(r)
        : $"""
            1. 'strata ca rollover run' makes a new authority, which issues from then on. Both are trusted; {r.Waiting} devices have a certificate of the old one.
            2. Each gets its next one from the new authority when it renews. 'strata ca rollover status' counts them.
            3. 'strata ca rollover run' again, once nobody waits, revokes the old authority as superseded. It may be run at any time: it makes the step that is due, or none.
            """);

    private static Command CreateStatus() => Reading("status", "Say how far the fleet is.", Next);

    private static Command CreateRun()
    {
        var endNow = new Option<bool>("--end-now") { Description = "End it though devices wait: these enrol anew with their birth certificates, or, of the installation's, must be given the new root by hand." };
        var (installation, request, signed) = (Installation(), new Option<string?>("--request") { Description = "With --installation: the file that gets the request that the root is to sign.", HelpName = "FILE" },
            new Option<string?>("--signed") { Description = "With --installation: what 'strata ca sign' wrote.", HelpName = "FILE" });
        var command = new Command("run", "Make the next step, if it is due.") { endNow, installation, request, signed };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(installation))
                return await InstallationRolloverCommands.RunAsync(parsed, node, parsed.GetValue(request), parsed.GetValue(signed), parsed.GetValue(endNow), cancellationToken);
            var state = await node.Connect(parsed).RunRolloverAsync(new RunRollover(parsed.GetValue(endNow)), cancellationToken);
            node.Writer(parsed).One(state, ContractsJson.Default.RolloverInfo, Columns);
            node.Writer(parsed).Note(Next(state));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca rollover run --tenant acme", "strata ca rollover run --installation --request request.pem", "strata ca rollover run --installation --signed signed.pem");
    }

    private static Command Reading(string name, string description, Func<RolloverInfo, string> note)
    {
        var installation = Installation();
        var command = new Command(name, description) { installation };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(installation))
                return await InstallationRolloverCommands.ReadAsync(parsed, node, plans: name == "plan", cancellationToken);
            var state = await node.Connect(parsed).GetRolloverAsync(cancellationToken);
            node.Writer(parsed).One(state, ContractsJson.Default.RolloverInfo, Columns);
            node.Writer(parsed).Note(note(state));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, $"strata ca rollover {name} --tenant acme", $"strata ca rollover {name} --installation");
    }

    private static Option<bool> Installation() => new("--installation") { Description = "Of the installation's intermediate and root, in place of the tenant's authority." };

    private static string Next(RolloverInfo state) => state.State switch
    {
        RolloverStates.None => "No roll-over is under way.",
        _ when state.Waiting == 0 => "Nobody waits: 'strata ca rollover run' revokes the old authority.",
        _ => $"{state.Waiting} devices have not renewed yet; those that are connected will have by {OutputWriter.Time(state.Expected)}.",
    };
}
