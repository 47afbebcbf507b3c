using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata devices</c>.</summary>
internal static class DevicesCommand
{
    public static Command Create() => new("devices", "Devices: register, find, look at, and see who was refused.")
    {
        CreateList(), CreateShow(), CreateCreate(), DeviceLifeCommands.CreateEdit(), DeviceLifeCommands.CreateMove(), DeviceLifeCommands.CreateHistory(),
        DeviceEndCommands.CreateSwap(), DeviceEndCommands.CreateDecommission(), DeviceEndCommands.CreateErasure(), DeviceEndCommands.CreateArchive(), DeviceEndCommands.CreateEndPolicy(),
        CreateSecret(), CreateDelete(), CreateRejected(),
    };

    private static Command CreateList()
    {
        var query = new Option<string?>("--query") { Description = QueryText.Help };
        var search = new Option<string?>("--search") { Description = "Part of the id." };
        var state = new Option<string?>("--state") { Description = "unprovisioned, provisioning, active, degraded, maintenance or decommissioned." };
        var site = new Option<string?>("--site") { Description = "In this place or below." };
        var gateway = new Option<string?>("--gateway") { Description = "Served by this gateway." };
        var command = new Command("list", "List the devices.") { query, search, state, site, gateway };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListDevicesAsync(
                parsed.GetValue(search), parsed.GetValue(state), parsed.GetValue(site), parsed.GetValue(gateway), cursor, limit, parsed.GetValue(query), cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.DeviceInfo, "no devices; 'strata devices create ID' or 'strata apply' registers them",
                new("id", d => d.Id), new("site", d => d.Site ?? ""), new("model", d => d.Model ?? ""), new("state", d => d.State),
                new("online", d => d.Online ? "yes" : "no"), new("gateway", d => d.Gateway ?? ""), new("last seen", d => OutputWriter.Time(d.LastSeen)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices list --site hq/floor-1 --state active", "strata devices list --query 'state:(active,degraded) health.battery<20 not tag.owner=*'");
    }

    private static Command CreateShow()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var command = new Command("show", "Show one device and its newest values.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var output = node.Writer(parsed);
            output.One(await client.GetDeviceAsync(parsed.GetValue(id)!, cancellationToken), ContractsJson.Default.DeviceInfo,
                new("id", d => d.Id), new("site", d => d.Site ?? ""), new("model", d => d.Model ?? ""), new("state", d => d.State),
                new("health", d => d.Health is { } h ? $"{h.Score}{string.Concat(h.Reasons.Select(r => $", {r.Detail}"))}" : ""),
                new("since", d => OutputWriter.Time(d.StateSince)), new("cause", d => d.Cause), new("tags", d => DeviceLifeCommands.Tags(d.Tags)), new("groups", d => string.Join(", ", d.Groups)),
                new("online", d => d.Online ? "yes" : "no"), new("last seen", d => OutputWriter.Time(d.LastSeen)), new("gateway", d => d.Gateway ?? "none: talks to the cloud"),
                new("gateways", d => string.Join(", ", d.Gateways)), new("heartbeat", d => d.Heartbeat.ToString()),
                new("deadband", d => string.Join(", ", d.Deadband.Select(b => $"{b.Key}: {OutputWriter.Number(b.Value)}"))), new("created", d => OutputWriter.Time(d.Created)));
            if (output.Format != OutputFormat.Table)
                return ExitCode.Success;
            output.Note("");
            var latest = await client.ListLatestAsync(parsed.GetValue(id), null, cancellationToken);
            output.List(latest.Items, ContractsJson.Default.LatestInfo, "no reading yet",
                new("metric", l => l.Metric), new("value", l => l.Value.ToString(), true), new("time", l => OutputWriter.Time(l.Time)),
                new("age s", l => OutputWriter.Number(Math.Round(l.AgeMs / 1000, 1)), true), new("via", l => l.Via));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices show t-101");
    }

    private static Command CreateCreate()
    {
        var id = new Argument<string>("id") { Description = "Letters, digits and . _ : - ; at most 128." };
        var site = new Option<string?>("--site") { Description = "The place it is in." };
        var model = new Option<string?>("--model") { Description = "What it is." };
        var command = new Command("create", "Register a device. Its secret is shown once.") { id, site, model };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new CreateDevice(parsed.GetValue(id)!, parsed.GetValue(site), parsed.GetValue(model));
            PrintSecret(node.Writer(parsed), await node.Connect(parsed).CreateDeviceAsync(request, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices create t-101 --site hq/floor-1/east -o json", "strata devices create t-101 --tenant acme");
    }

    private static Command CreateSecret()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var command = new Command("secret", "Give a device a new secret; the old one stops working at once.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            PrintSecret(node.Writer(parsed), await node.Connect(parsed).RotateDeviceSecretAsync(parsed.GetValue(id)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices secret t-101");
    }

    private static Command CreateDelete()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var command = new Command("delete", "Decommission a device: its secret stops working, its readings stay.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteDeviceAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(id)} is decommissioned");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices delete t-101");
    }

    private static Command CreateRejected()
    {
        var command = new Command("rejected", "List who and what was refused, where, and why.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListRejectionsAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.Rejection, "nothing was refused",
                new("last", r => OutputWriter.Time(r.Last)), new("subject", r => r.Subject), new("gateway", r => r.Gateway ?? "cloud"),
                new("kind", r => r.Kind), new("count", r => r.Count.ToString(), true), new("reason", r => r.Reason));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices rejected");
    }

    private static void PrintSecret(OutputWriter output, DeviceSecret secret)
    {
        output.One(secret, ContractsJson.Default.DeviceSecret, new("id", s => s.Id), new("secret", s => s.Secret));
        output.Note("Keep the secret now: it is not shown again. MQTT and HTTP: user name = TENANT/ID, or ID in the first tenant; password = secret.");
    }
}
