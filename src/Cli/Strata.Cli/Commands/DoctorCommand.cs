using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Cli.Doctor;

namespace Strata.Cli.Commands;

/// <summary><c>strata doctor</c>: looks at the machine and, when one is named, at a node, and says how to mend what is wrong.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var http = new Option<int>("--http-port") { Description = "Port to look at when no node is named.", DefaultValueFactory = _ => 8080 };
        var mqtt = new Option<int>("--mqtt-port") { Description = "Port to look at when no node is named.", DefaultValueFactory = _ => 1883 };
        var database = new Option<string?>("--database") { Description = $"Connection string of a cloud node's PostgreSQL database to look at (or {DatabaseCommand.Variable})." };
        var command = new Command("doctor", "Check configuration, ports, clock, disk, database and versions, and say how to mend what is wrong.") { http, mqtt, database };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var named = node.IsNamed(parsed);
            var findings = LocalChecks.Run(node.DataFolder(parsed), parsed.GetValue(http), parsed.GetValue(mqtt), named).ToList();
            if (DatabaseCommand.Given(parsed, database) is { } given)
                findings.AddRange(await DatabaseChecks.RunAsync(given, cancellationToken));
            if (named)
                findings.AddRange(await NodeChecks.RunAsync(node.Connect(parsed), cancellationToken));
            var output = node.Writer(parsed);
            output.List(findings, DoctorJson.Default.Finding, "",
                new("check", f => f.Check), new("status", f => f.Status), new("what was seen", f => f.Detail), new("what to do", f => f.Mend));
            return findings.Any(f => f.Status == "problem") ? ExitCode.Failed : ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata doctor", "strata doctor --data /var/lib/strata");
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Finding))]
internal sealed partial class DoctorJson : JsonSerializerContext;
