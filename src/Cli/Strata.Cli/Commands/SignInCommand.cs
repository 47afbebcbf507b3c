using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata sign-in</c>: how people sign in to a tenant.</summary>
internal static class SignInCommand
{
    public static Command Create() => new("sign-in", "How people sign in to a tenant: second factor.") { CreateShow(), CreateRequire() };

    private static Command CreateShow()
    {
        var command = new Command("show", "Show how people sign in to the tenant.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Write(parsed, node, await node.Connect(parsed).GetSignInRulesAsync(cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sign-in show --tenant acme");
    }

    private static Command CreateRequire()
    {
        var state = new Argument<string>("state") { Description = "on or off." };
        state.AcceptOnlyFromAmong("on", "off");
        var command = new Command("require-second-factor", "Let nobody in with a password alone, or do so again. Who has no second factor sets one up at the next sign-in; sessions without one end.") { state };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Write(parsed, node, await node.Connect(parsed).ChangeSignInRulesAsync(new ChangeSignInRules(parsed.GetValue(state) == "on"), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sign-in require-second-factor on --tenant acme");
    }

    private static void Write(ParseResult parsed, NodeOptions node, SignInRulesInfo rules) =>
        node.Writer(parsed).One(rules, ContractsJson.Default.SignInRulesInfo, new("second factor", r => r.RequireSecondFactor ? "required" : "as each wishes"));
}
