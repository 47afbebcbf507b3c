using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata apply -f FILE</c>: makes registry, configurations and rollouts like the description.</summary>
internal static class ApplyCommand
{
    public static Command Create()
    {
        var file = new Option<string>("--file", "-f") { Description = "The description (YAML); - reads standard input.", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the difference (+ ~ -) and change nothing." };
        var prune = new Option<bool>("--prune") { Description = "Remove what is registered under the file's site but not described, and layers and schemas that a configuration: does not describe (with sites: in it, only layers of these)." };
        var secrets = new Option<string?>("--secrets") { Description = "Write new devices' secrets to this folder, one file each (0600), instead of printing them." };
        var command = new Command("apply", "Create and change sites, gateways, devices, groups and views from a description; set configurations (configuration:) and draft rollouts (rollouts:).") { file, dryRun, prune, secrets };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            var result = await node.Connect(parsed).ApplyAsync(
                await ReadAsync(path, cancellationToken), parsed.GetValue(dryRun), parsed.GetValue(prune), path == "-" ? "standard input" : path, cancellationToken);
            var folder = parsed.GetValue(secrets);
            if (folder is not null)
                await WriteSecretsAsync(folder, result.Secrets, cancellationToken);
            Print(node.Writer(parsed), folder is null ? result : result with { Secrets = new Dictionary<string, string>() });
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata apply -f site.yaml --dry-run", "strata apply -f site.yaml --secrets ./secrets");
    }

    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return path == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message}");
        }
    }

    private static async Task WriteSecretsAsync(string folder, IReadOnlyDictionary<string, string> secrets, CancellationToken cancellationToken)
    {
        if (secrets.Count == 0)
            return;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var (id, secret) in secrets)
            await PrivateFile.WriteAsync(Path.Combine(folder, $"{id}.secret"), secret, cancellationToken);
    }

    private static void Print(OutputWriter output, ApplyResult result)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.Text.WriteLine(JsonSerializer.Serialize(result, ContractsJson.Default.ApplyResult));
            return;
        }
        foreach (var change in result.Changes)
        {
            var fields = string.Join(", ", change.Fields.Select(f => $"{f.Field}: {f.From ?? "-"} -> {f.To ?? "-"}"));
            output.Text.WriteLine($"{change.Action} {change.Kind} {change.Id}{(fields.Length == 0 ? "" : $"  ({fields})")}");
        }
        output.Note((result.Changes.Count, result.DryRun) switch
        {
            (0, _) => "no changes",
            (var n, true) => $"{n} change{(n == 1 ? "" : "s")}; nothing was changed (dry run)",
            (var n, false) => $"{n} change{(n == 1 ? "" : "s")} applied",
        });
        if (result.Secrets.Count == 0)
            return;
        output.Text.WriteLine();
        output.Text.WriteLine("New secrets, shown only now (--secrets DIR writes them to files):");
        foreach (var (id, secret) in result.Secrets)
            output.Text.WriteLine($"{id} {secret}");
    }
}
