using System.CommandLine;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cli.Output;

namespace Strata.Cli.Commands;

/// <summary><c>strata commands schemas</c>.</summary>
internal static class CommandSchemaCommands
{
    public static Command Create() => new("schemas", "What payloads of commands must be (JSON Schema), by the devices' model.") { CreateList(), CreateSet(), CreateRemove() };

    private static Command CreateList()
    {
        var command = new Command("list", "List the schemas.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListCommandSchemasAsync(cancellationToken)).Items, ContractsJson.Default.CommandSchemaInfo, "none: every payload goes",
                new("model", s => s.Model), new("name", s => s.Name), new("schema", s => s.Schema.GetRawText()), new("by", s => s.By), new("changed", s => OutputWriter.Time(s.Changed)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata commands schemas list");
    }

    private static Command CreateSet()
    {
        var (model, name) = (Model(), Name());
        var file = new Argument<FileInfo>("file") { Description = "The schema, JSON." };
        var command = new Command("set", "Set what the payload of a command must be.") { model, name, file };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            if (!path.Exists)
                throw new CliException(ExitCode.Usage, $"{path.FullName} is not there.");
            JsonElement schema;
            try
            {
                schema = JsonElement.Parse(await File.ReadAllTextAsync(path.FullName, cancellationToken));
            }
            catch (JsonException wrong)
            {
                throw new CliException(ExitCode.Usage, $"{path.Name} is no JSON: {wrong.Message}");
            }
            var info = await node.Connect(parsed).PutCommandSchemaAsync(parsed.GetValue(model)!, parsed.GetValue(name)!, schema, cancellationToken);
            node.Writer(parsed).One(info, ContractsJson.Default.CommandSchemaInfo, new("model", s => s.Model), new("name", s => s.Name), new("schema", s => s.Schema.GetRawText()));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata commands schemas set P100 set-interval interval.schema.json", "strata commands schemas set '*' ping ping.schema.json");
    }

    private static Command CreateRemove()
    {
        var (model, name) = (Model(), Name());
        var command = new Command("remove", "Let every payload go again.") { model, name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteCommandSchemaAsync(parsed.GetValue(model)!, parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note("removed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata commands schemas remove P100 set-interval");
    }

    private static Argument<string> Model() => new("model") { Description = "The devices' model; '*' for all that have no schema of their own." };

    private static Argument<string> Name() => new("name") { Description = "The command's name." };
}
