using System.CommandLine;
using System.Globalization;
using System.Net;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata rollout</c>: updates of many devices, and configurations, in rings.</summary>
internal static class RolloutCommand
{
    public static Command Create() => new("rollout", "Update many devices, or change their configuration, in rings, with a gate after each that stops what is bad.")
    {
        CreatePlan(), CreateDraft(), CreateStart(), CreateList(), CreateShow(), CreateDevices(),
        CreateStep("approve", "Say yes to a rollout that somebody else made.", takesWhy: false), CreateStep("pause", "Give the update to nobody new; what has begun goes on.", takesWhy: true),
        CreateStep("resume", "Go on after a pause.", takesWhy: false), CreateStep("abort", "End a rollout; who has not begun to install is let go.", takesWhy: true),
        CreateRetry(), CreateRollback(), CreateDelete(), CreateSoftware(), CreateAffected(),
    };

    private static Command CreatePlan()
    {
        var command = new Command("plan", "Rehearse a rollout: who is in it and who not and why, what it costs and takes, and what a bad build would hit. Sends nothing.");
        var options = new RolloutOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            PrintPlan(node.Writer(parsed), await node.Connect(parsed).PlanRolloutAsync(await options.ReadAsync(parsed, cancellationToken), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout plan --artifact app/2.0/0123456789ab --query 'model:TH-1 site:hq'", "strata rollout plan --artifact app/2.0/0123456789ab --query model:TH-1 --by-site -o json",
            "strata rollout plan --layer site/hq --content slower.json", "strata rollout plan --layer site/hq --delete");
    }

    private static Command CreateDraft()
    {
        var command = new Command("draft", "Draft a rollout; nothing is sent before it is started.");
        var options = new RolloutOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).CreateRolloutAsync(await options.ReadAsync(parsed, cancellationToken), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout draft --artifact app/2.0/0123456789ab --query model:TH-1 --in-windows");
    }

    private static Command CreateStart()
    {
        var id = new Argument<string?>("id") { Description = "The rollout that was drafted; without it one is drafted from the options.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("start", "Start a rollout, or let it wait for approval.") { id };
        var options = new RolloutOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            Print(node.Writer(parsed), parsed.GetValue(id) is { } drafted
                ? await client.StepRolloutAsync(drafted, "start", cancellationToken: cancellationToken)
                : await StartNewAsync(client, await options.ReadAsync(parsed, cancellationToken), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout start 0197c0ffee0123456789", "strata rollout start --artifact app/2.0/0123456789ab --query model:TH-1 --no-approval",
            "strata rollout start --layer group/weak-batteries --content slower.json --rings '5%:12h,100%:24h'");
    }

    /// <summary>Drafts and starts. Nothing is left of one that is refused its start.</summary>
    private static async Task<RolloutInfo> StartNewAsync(StrataClient client, CreateRollout request, CancellationToken cancellationToken)
    {
        var drafted = await client.CreateRolloutAsync(request, cancellationToken);
        try
        {
            return await client.StepRolloutAsync(drafted.Id, "start", cancellationToken: cancellationToken);
        }
        catch (StrataApiException refusal) when ((int)refusal.StatusCode is >= 400 and < 500)
        {
            await client.DeleteRolloutAsync(drafted.Id, cancellationToken);
            if (refusal.StatusCode is not HttpStatusCode.Conflict || drafted.Rings.Any(r => r.Targets > 0))
                throw;
            throw new CliException(ExitCode.Failed, "The rollout has no devices: nothing matches that it is for. It is not kept; 'strata rollout plan' says why not, 'strata rollout draft' keeps one until something does.");
        }
    }

    private static Command CreateList()
    {
        var state = new Option<string?>("--state") { Description = "drafted, waitingForApproval, running, soaking, paused, aborted, rollingBack or done." };
        var command = new Command("list", "List rollouts, the newest first.") { state };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed).ListRolloutsAsync(parsed.GetValue(state), cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.RolloutInfo, "no rollouts", [.. Columns]);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout list --state running");
    }

    private static Command CreateShow()
    {
        var id = Id();
        var command = new Command("show", "Show a rollout: its rings, their counts, the gate's decisions.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).GetRolloutAsync(parsed.GetValue(id)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout show 0197c0ffee0123456789 -o json");
    }

    private static Command CreateDevices()
    {
        var id = Id();
        var state = new Option<string?>("--state") { Description = "waiting, offered, downloading, installing, trial, succeeded, failed, rolledBack or unconfirmed." };
        var command = new Command("devices", "List the devices of a rollout.") { id, state };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListRolloutDevicesAsync(parsed.GetValue(id)!, parsed.GetValue(state), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.RolloutDeviceInfo, "no devices",
                new("device", d => d.Device), new("ring", d => d.Ring.ToString(CultureInfo.InvariantCulture)), new("state", d => d.State), new("since", d => d.Since.ToString("u", CultureInfo.InvariantCulture)),
                new("from", d => d.From ?? ""), new("runs", d => d.Runs ?? ""), new("ill by", d => string.Join(", ", d.Ill)), new("reason", d => d.Reason ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout devices 0197c0ffee0123456789 --state rolledBack");
    }

    private static Command CreateStep(string name, string description, bool takesWhy)
    {
        var id = Id();
        var why = new Option<string?>("--why") { Description = "For who reads it later." };
        var command = new Command(name, description) { id };
        if (takesWhy)
            command.Options.Add(why);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).StepRolloutAsync(parsed.GetValue(id)!, name, takesWhy ? parsed.GetValue(why) : null, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, $"strata rollout {name} 0197c0ffee0123456789{(takesWhy ? " --why 'heat wave'" : "")}");
    }

    private static Command CreateDelete()
    {
        var id = Id();
        var command = new Command("delete", "Forget a rollout that is over, or a draft. What its devices have run stays known; devices that have its configuration get what the layer says.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteRolloutAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(id)} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout delete 0197c0ffee0123456789");
    }

    private static Command CreateRetry()
    {
        var id = Id();
        var command = new Command("retry", "Give the update once more to those that failed.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var retried = await node.Connect(parsed).RetryRolloutAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).One(retried, ContractsJson.Default.RolloutRetried, new Column<RolloutRetried>("wait for it", r => r.Waiting.ToString(CultureInfo.InvariantCulture)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout retry 0197c0ffee0123456789");
    }

    private static Command CreateRollback()
    {
        var id = Id();
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say which devices would go back, and which cannot." };
        var command = new Command("rollback", "Take the devices of a rollout back, by a rollout that begins with those that were hurt.") { id, dryRun };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = node.Writer(parsed);
            var back = await node.Connect(parsed).RollBackRolloutAsync(parsed.GetValue(id)!, parsed.GetValue(dryRun), cancellationToken);
            PrintBack(output, back);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout rollback 0197c0ffee0123456789 --dry-run");
    }

    private static Command CreateSoftware()
    {
        var device = new Argument<string>("device") { Description = "The device." };
        var command = new Command("software", "List what a device has run of which component, and since when, the newest first.") { device };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var ran = (await node.Connect(parsed).ListDeviceSoftwareAsync(parsed.GetValue(device)!, cancellationToken)).Items;
            node.Writer(parsed).List(ran, ContractsJson.Default.DeviceSoftware, "nobody knows what it runs",
                new("component", d => d.Component), new("version", d => d.Version), new("since", d => d.Since.ToString("u", CultureInfo.InvariantCulture)),
                new("until", d => d.Until?.ToString("u", CultureInfo.InvariantCulture) ?? ""), new("by", d => d.Rollout is { } rollout ? $"rollout {rollout}" : "what it said"));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout software th-17");
    }

    private static Command CreateAffected()
    {
        var component = new Option<string>("--component") { Description = "The part, as the bill of materials names it: openssl.", Required = true };
        var range = new Option<string?>("--version-range") { Description = "Its versions: '>=3.0 <3.0.14'; any unless given." };
        var draft = new Option<string?>("--draft") { Description = "Draft a rollout of this artifact to the devices that are found.", HelpName = "ARTIFACT" };
        var command = new Command("affected", "Find the devices whose software has a part, for example one with a known weakness.") { component, range, draft };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (client, output) = (node.Connect(parsed), node.Writer(parsed));
            var found = (await client.ListAffectedAsync(parsed.GetValue(component)!, parsed.GetValue(range), cancellationToken)).Items;
            if (parsed.GetValue(draft) is { } artifact && found.Count > 0)
            {
                Print(output, await client.CreateRolloutAsync(new CreateRollout(artifact, Devices: [.. found.Select(f => f.Device).Distinct()], Name: $"{parsed.GetValue(component)} {parsed.GetValue(range)}".Trim()), cancellationToken));
                return ExitCode.Success;
            }
            output.List(found, ContractsJson.Default.AffectedDevice, "no device has it", new("device", d => d.Device), new("runs", d => $"{d.Component} {d.Version}"), new("part", d => $"{d.Part} {d.PartVersion}"), new("artifact", d => d.Via));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata rollout affected --component openssl --version-range '<3.0.14'", "strata rollout affected --component openssl --version-range '<3.0.14' --draft app/2.1/0123456789ab");
    }

    private static Argument<string> Id() => new("id") { Description = "The rollout's id, see 'strata rollout list'." };

    private static IEnumerable<Column<RolloutInfo>> Columns =>
    [
        new("id", r => r.Id), new("name", r => r.Name), new("state", r => r.State), new("artifact", r => r.Artifact), new("ring", r => r.Ring is { } ring ? $"{ring} of {r.Rings.Count}" : ""),
        new("devices", r => r.Rings.Sum(i => i.Targets).ToString("N0", CultureInfo.InvariantCulture)), new("updated", r => r.Rings.Sum(i => i.Updated).ToString("N0", CultureInfo.InvariantCulture)),
        new("failed", r => r.Rings.Sum(i => i.Failed).ToString("N0", CultureInfo.InvariantCulture)), new("by", r => r.CreatedBy),
    ];

    private static void Print(OutputWriter output, RolloutInfo rollout)
    {
        if (output.Format != OutputFormat.Table)
        {
            output.One(rollout, ContractsJson.Default.RolloutInfo, [.. Columns]);
            return;
        }
        output.Text.WriteLine($"{rollout.Id}  {rollout.Name}: {rollout.State}{(rollout.Why is null ? "" : $": {rollout.Why}")}");
        output.Text.WriteLine($"{(rollout.Configuration is not { } layer ? "" : layer.Delete ? "deletion of " : $"{rollout.Component} of ")}{rollout.Artifact}, {rollout.Mode}, by {rollout.CreatedBy}{(rollout.ApprovedBy is null ? "" : $", approved by {rollout.ApprovedBy}")}{(rollout.Rollback is null ? "" : $", taken back by {rollout.Rollback}")}");
        if (rollout.Configuration is { Content: { } content } change)
            output.Text.WriteLine($"is to say {content.GetRawText()}{(change.Before is { } said ? $" in place of {said.GetRawText()}" : "; there is no such layer yet")}");
        if (rollout.Configuration is { Delete: true } end)
            output.Text.WriteLine($"is deleted in the end{(end.Before is { } last ? $"; it said {last.GetRawText()}" : "")}");
        for (var i = 0; i < rollout.Rings.Count; i++)
        {
            var ring = rollout.Rings[i];
            output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ring {i + 1}  {ring.Share,5:P0}  {ring.Targets,7:N0} {Devices(ring.Targets),-7}  {ring.Updated,7:N0} updated  {ring.Failed,5:N0} failed  {ring.Decision ?? "-",-5}  watched {OutputWriter.Span(ring.Soak)}"));
            if (ring.Why is { } why)
                output.Text.WriteLine($"        {why}");
        }
        if (rollout.State == "waitingForApproval")
            output.Text.WriteLine($"it begins when somebody else says 'strata rollout approve {rollout.Id}'; 'strata rollout start --no-approval' asks nobody");
    }

    private static string Devices(int count) => count == 1 ? "device" : "devices";

    private static void PrintBack(OutputWriter output, RolloutRollback back)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.One(back, ContractsJson.Default.RolloutRollback);
            return;
        }
        foreach (var device in back.Stranded)
            output.Text.WriteLine($"cannot go back: {device.Device}: {device.Why}");
        output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{back.Devices:N0} devices go back, {back.Hurt:N0} that were hurt first; {back.Stranded.Count:N0} cannot"));
        if (back.Rollout is { } rollout)
            output.Text.WriteLine($"rollout {rollout.Id} takes them");
    }

    private static void PrintPlan(OutputWriter output, RolloutRehearsal plan)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.One(plan, ContractsJson.Default.RolloutRehearsal);
            return;
        }
        output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{plan.Artifact}: {plan.Matched:N0} {Devices(plan.Matched)} match{(plan.Matched == 1 ? "es" : "")}, {plan.Targets:N0} {(plan.Targets == 1 ? "is" : "are")} given it"));
        foreach (var reason in plan.Excluded)
            output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  not {reason.Count:N0}: {reason.Why} ({string.Join(", ", reason.Devices.Take(3))}{(reason.Count > 3 ? ", ..." : "")})"));
        foreach (var reason in plan.Warnings)
            output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {reason.Count:N0}: {reason.Why} ({string.Join(", ", reason.Devices.Take(3))}{(reason.Count > 3 ? ", ..." : "")})"));
        if (plan.Targets == 0)
        {
            output.Text.WriteLine(plan.Matched == 0 ? "nobody would be given it: 'strata devices list --query' shows whom a query finds" : "nobody would be given it");
            return;
        }
        output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{plan.Bytes / 1e6:N1} MB in all; by radio ${plan.Cost:N2} at ${plan.CostPerMb}/MB, {plan.AirtimeSeconds:N1} s of airtime and {plan.BatteryPercent:0.###} % of a battery at most"));
        for (var i = 0; i < plan.Rings.Count; i++)
        {
            var ring = plan.Rings[i];
            output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ring {i + 1}  {ring.Share,5:P0}  {ring.Targets,7:N0} {Devices(ring.Targets),-7}  given in {OutputWriter.Span(ring.Installing)}, watched {OutputWriter.Span(ring.Soak)}; a bad build has hit {ring.Hit:N0}"));
        }
        output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"about {OutputWriter.Span(plan.Expected)} in all"));
    }
}
