using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata config</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create() => new("config", "Configuration of devices in layers: tenant, group, site, device; checked by the model's schema, sent as the shadow 'config'.")
    {
        CreateGet(), CreateList(), CreateShow(), CreateSet(), CreateDelete(), CreateSchema(),
    };

    private static Command CreateGet()
    {
        var device = new Argument<string>("device") { Description = "The device's id." };
        var command = new Command("get", "What the layers come to for a device, and where each value comes from.") { device };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configuration = await node.Connect(parsed).GetConfigurationAsync(parsed.GetValue(device)!, cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
                output.One(configuration, ContractsJson.Default.ConfigurationInfo);
            else
                output.List(configuration.Origins, ContractsJson.Default.ConfigurationOriginInfo, "no layer concerns the device",
                    new("path", o => o.Path), new("value", o => o.Value?.GetRawText() ?? "(taken away)"), new("from", o => o.Rollout is null ? o.Layer : $"{o.Layer} (rollout {o.Rollout})"), new("instead of", o => string.Join(", ", o.Covers)));
            foreach (var gone in configuration.Gone ?? [])
                output.Note($"without {gone.Layer}: rollout {gone.Rollout} deletes it");
            if (configuration.Problem is { } problem)
                output.Note($"not sent: {problem}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata config get t-101", "strata config get t-101 -o json");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List the layers.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListConfigurationLayersAsync(cancellationToken)).Items, ContractsJson.Default.ConfigurationLayerInfo, "no layers; 'strata config set tenant FILE' makes one",
                new("layer", l => l.Layer), new("version", l => $"{l.Version}", true), new("updated", l => OutputWriter.Time(l.Updated)), new("by", l => l.By), new("why", l => l.Why ?? ""), new("content", l => l.Content.GetRawText()));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata config list");
    }

    private static Command CreateShow()
    {
        var layer = Layer();
        var command = new Command("show", "Show one layer.") { layer };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).GetConfigurationLayerAsync(parsed.GetValue(layer)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata config show site/hq/floor-1");
    }

    private static Command CreateSet()
    {
        var layer = Layer();
        var file = new Argument<string>("file") { Description = "JSON of what is wanted, in place of what the layer said; null takes away what a weaker layer says; '-' reads it from the input." };
        var version = new Option<long?>("--version") { Description = "Only if the layer still has this version; 0 for a new one." };
        var why = new Option<string?>("--why") { Description = "For the history." };
        var command = new Command("set", "Set a layer. It is checked for every device that it concerns, and refused where one would not fit its model's schema. Everybody has it at once: 'strata rollout start --layer' gives it ring by ring.") { layer, file, version, why };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = await ShadowCommand.ReadAsync(parsed.GetValue(file)!, cancellationToken);
            var (output, set) = (node.Writer(parsed), await node.Connect(parsed).PutConfigurationLayerAsync(parsed.GetValue(layer)!, text, parsed.GetValue(why), parsed.GetValue(version), cancellationToken));
            Print(output, set);
            if (set.Devices is { } devices)
                output.Note(string.Create(CultureInfo.InvariantCulture, $"concerns {devices:N0} device{(devices == 1 ? "" : "s")}{(devices == 0 ? $": there are none of {set.Layer} yet" : "")}"));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "echo '{\"interval\":60}' | strata config set site/hq -", "strata config set group/weak-batteries slow.json --why 'spare them'");
    }

    private static Command CreateDelete()
    {
        var layer = Layer();
        var command = new Command("delete", "Delete a layer; devices get what the others come to, all at once: 'strata rollout start --layer LAYER --delete' takes it from them ring by ring.") { layer };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteConfigurationLayerAsync(parsed.GetValue(layer)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(layer)} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata config delete group/weak-batteries");
    }

    private static Command CreateSchema()
    {
        var model = new Argument<string>("model") { Description = "The model (SKU) of devices." };
        var file = new Argument<string?>("file") { Description = "JSON Schema to set; '-' reads it from the input; without it the schema is shown.", Arity = ArgumentArity.ZeroOrOne };
        var delete = new Option<bool>("--delete") { Description = "Take the schema away." };
        var command = new Command("schema", "Show, set or take away the JSON Schema that configurations of a model must fit.") { model, file, delete };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (client, output, name) = (node.Connect(parsed), node.Writer(parsed), parsed.GetValue(model)!);
            if (parsed.GetValue(delete))
            {
                await client.DeleteConfigurationSchemaAsync(name, cancellationToken);
                output.Note($"model {name} has no schema now");
            }
            else if (parsed.GetValue(file) is { } path)
            {
                await client.PutConfigurationSchemaAsync(name, await ShadowCommand.ReadAsync(path, cancellationToken), cancellationToken);
                output.Note($"configurations of model {name} must fit it");
            }
            else
                await output.Text.WriteLineAsync(await client.GetConfigurationSchemaAsync(name, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata config schema th-2 schema.json", "strata config schema th-2");
    }

    private static Argument<string> Layer() => new("layer") { Description = "tenant, group/ID, site/PATH or device/ID." };

    private static void Print(OutputWriter output, ConfigurationLayerInfo layer) => output.One(
        layer, ContractsJson.Default.ConfigurationLayerInfo, new("layer", l => l.Layer), new("version", l => $"{l.Version}"), new("updated", l => OutputWriter.Time(l.Updated)), new("by", l => l.By), new("why", l => l.Why ?? ""),
        new("content", l => l.Content.GetRawText()));
}
