using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata templates</c>: what becomes of devices that arrive.</summary>
internal static class TemplatesCommand
{
    private static readonly Column<TemplateInfo>[] Columns =
    [
        new("order", t => t.Order.ToString(), true), new("name", t => t.Name), new("matches", t => Conditions(t.Match)), new("device", t => t.Assign.Name), new("site", t => t.Assign.Site ?? ""),
        new("approval", t => t.Approval ? "needed" : ""), new("again", t => t.Reprovision),
    ];

    public static Command Create() => new("templates", "Templates by which devices are registered when they first arrive.")
    {
        CreateApply(), CreateList(), CreateTest(), CreateDelete(),
    };

    private static Command CreateApply()
    {
        var file = new Argument<string>("file") { Description = "The templates (YAML); - reads standard input." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the difference (+ ~ -) and change nothing." };
        var prune = new Option<bool>("--prune") { Description = "Remove templates that are not in the file." };
        var command = new Command("apply", "Create and change templates from a file.") { file, dryRun, prune };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            var applied = await node.Connect(parsed).ApplyTemplatesAsync(await ReadAsync(path, cancellationToken), parsed.GetValue(dryRun), parsed.GetValue(prune), path == "-" ? "standard input" : path, cancellationToken);
            Print(node.Writer(parsed), applied);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata templates apply templates.yaml --dry-run", "strata templates apply templates.yaml");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List templates in the order in which they are tried.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed).ListTemplatesAsync(cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.TemplateInfo, "no templates; 'strata templates apply FILE' makes some", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata templates list", "strata templates list -o json");
    }

    private static Command CreateTest()
    {
        var file = new Argument<string?>("file") { Description = "Templates to try (YAML); without it, those that are registered.", Arity = ArgumentArity.ZeroOrOne };
        var device = new Option<string?>("--device") { Description = "The device's certificate (PEM).", HelpName = "CERT" };
        var (sku, serial) = (new Option<string?>("--sku") { Description = "Its SKU, where no certificate says it." }, new Option<string?>("--serial") { Description = "Its serial number, where no certificate says it." });
        var (gateway, enrolment) = (new Option<string?>("--gateway") { Description = "The gateway through which it would come." }, new Option<string?>("--enrolment") { Description = "The enrolment group by which it would come." });
        var command = new Command("test", "Say which template a device would have, why not the others, and what would come out. Exit code 1 when none decides.") { file, device, sku, serial, gateway, enrolment };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (path, certificate) = (parsed.GetValue(file), parsed.GetValue(device));
            var test = await node.Connect(parsed).TestTemplatesAsync(
                new TestTemplates(
                    path is null ? null : await ReadAsync(path, cancellationToken), path, certificate is null ? null : await ReadAsync(certificate, cancellationToken), parsed.GetValue(sku), parsed.GetValue(serial),
                    parsed.GetValue(gateway), parsed.GetValue(enrolment)), cancellationToken);
            Print(node.Writer(parsed), test);
            return test.Result is null ? ExitCode.Failed : ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata templates test templates.yaml --device certificate.pem", "strata templates test --sku PK-L1 --serial SN0042");
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("name") { Description = "The template's name." };
        var command = new Command("delete", "Remove a template; devices that it made stay.") { name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteTemplateAsync(parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(name)} is removed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata templates delete parking-lora");
    }

    private static void Print(OutputWriter output, AppliedTemplates applied)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.Text.WriteLine(JsonSerializer.Serialize(applied, ContractsJson.Default.AppliedTemplates));
            return;
        }
        foreach (var change in applied.Changes)
            output.Text.WriteLine($"{change.Action} template {change.Name}");
        output.Note(applied.Changes.Count == 0 ? "no changes" : applied.DryRun ? "nothing was changed (dry run)" : $"{applied.Changes.Count} applied");
    }

    private static void Print(OutputWriter output, TemplateTest test)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.Text.WriteLine(JsonSerializer.Serialize(test, ContractsJson.Default.TemplateTest));
            return;
        }
        var device = test.Device;
        output.Text.WriteLine($"device: SKU {device.Sku ?? "not known"}, serial number {device.Serial ?? "not known"}{(device.Issuer is null ? "" : $", certified by {device.IssuerName} ({device.Issuer})")}");
        foreach (var template in test.Templates)
            output.Text.WriteLine($"{(template.Name == test.Chosen ? "=>" : template.Matches ? " =" : "  ")} {template.Order,4} {template.Name}: {template.WhyNot ?? (template.Name == test.Chosen ? "matches, and decides" : "matches, and is not asked")}");
        if (test.Problem is not null)
            output.Text.WriteLine($"nothing comes out: {test.Problem}");
        if (test.Result is { } result)
            output.Text.WriteLine($"comes out: {JsonSerializer.Serialize(result, ContractsJson.Default.AssignedDeviceInfo)}");
    }

    private static string Conditions(TemplateConditions match)
    {
        IEnumerable<string?> parts =
        [
            match.Sku is null ? null : $"SKU {string.Join('|', match.Sku)}", match.SerialFrom is null ? null : $"serial {match.SerialFrom}..{match.SerialTo}", match.Issuer is null ? null : $"issuer {match.Issuer}",
            match.Subject is null ? null : string.Join(", ", match.Subject.Select(s => $"{s.Key}={s.Value}")), match.Gateway is null ? null : $"gateway {match.Gateway}",
            match.Enrolment is null ? null : $"enrolment {match.Enrolment}",
        ];
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } text ? text : "everything";
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
}
