using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata hooks</c>.</summary>
internal static class HooksCommand
{
    public static Command Create() => new("hooks", "Who is told by HTTP of each step of devices' lives.") { CreateList(), CreateSet(), CreateDelete() };

    private static Command CreateList()
    {
        var command = new Command("list", "List the hooks and how they fare.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListHooksAsync(cancellationToken)).Items, ContractsJson.Default.HookInfo, "no hooks",
                new("name", h => h.Name), new("url", h => h.Url), new("states", h => string.Join(", ", h.States)), new("delivered", h => $"{h.Delivered}", true), new("failed", h => $"{h.Failed}", true),
                new("last failure", h => h.LastFailure ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata hooks list");
    }

    private static Command CreateSet()
    {
        var name = new Argument<string>("name") { Description = "The hook's name." };
        var url = new Argument<string>("url") { Description = "https, or http on the node's own machine." };
        var state = new Option<string[]>("--state") { Description = "Tell only of steps of devices into this state, of commands (command.*, command.failed) or of rollouts (rollout.*, rollout.aborted), or changes of artifacts (artifact.*, artifact.add) or configuration (configuration.*); may be repeated.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("set", "Set a hook with a new secret, shown once. Each step is a POST with Strata-Signature: t=SECONDS,v1=HEX, the HMAC-SHA256 by the secret over SECONDS.BODY.") { name, url, state };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var hook = await node.Connect(parsed).PutHookAsync(parsed.GetValue(name)!, new SaveHook(parsed.GetValue(url)!, parsed.GetValue(state) is { Length: > 0 } states ? states : null), cancellationToken);
            node.Writer(parsed).One(hook, ContractsJson.Default.HookInfo, new("name", h => h.Name), new("url", h => h.Url), new("secret", h => h.Secret ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata hooks set pager https://pager.example/strata --state degraded --state decommissioned");
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("name") { Description = "The hook's name." };
        var command = new Command("delete", "Delete a hook.") { name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteHookAsync(parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(name)} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata hooks delete pager");
    }
}
