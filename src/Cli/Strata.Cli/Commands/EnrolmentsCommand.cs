using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Provisioning;

namespace Strata.Cli.Commands;

/// <summary><c>strata enrolments</c>: groups of devices that enrol by a key, who waits for a person, and many devices at a time.</summary>
internal static class EnrolmentsCommand
{
    private static readonly Column<EnrolmentGroupInfo>[] GroupColumns =
    [
        new("group", g => g.Name), new("by", g => g.Method), new("enabled", g => g.Enabled ? "yes" : "no"), new("allow", g => g.Allow.Count == 0 ? "all" : string.Join(' ', g.Allow)), new("deny", g => string.Join(' ', g.Deny)),
    ];

    private static readonly Column<ApprovalInfo>[] ApprovalColumns =
    [
        new("id", a => a.Id), new("device", a => a.Device), new("site", a => a.Site ?? ""), new("template", a => a.Template), new("known of it", a => a.Facts), new("asked", a => OutputWriter.Time(a.Asked)),
        new("state", a => a.DecidedBy is null ? a.State : $"{a.State} by {a.DecidedBy}"),
    ];

    public static Command Create() => new("enrolments", "How devices come in by themselves: groups with a key, approvals; and many at a time.")
    {
        CreateGroups(), CreatePut(), CreateKey(), CreateDelete(), CreateDerive(), CreateApprovals(), CreateDecision("approve", "Let a device in that waits."), CreateDecision("deny", "Refuse a device that waits."),
        CreateHookKey(), CreateRegister(), EndorsementCommands.CreateEndorse(), EndorsementCommands.CreateList(), EndorsementCommands.CreateUnendorse(),
    };

    private static Command CreateGroups()
    {
        var command = new Command("groups", "List enrolment groups.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed).ListEnrolmentGroupsAsync(cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.EnrolmentGroupInfo, "no enrolment groups; 'strata enrolments put NAME' makes one", GroupColumns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments groups");
    }

    private static Command CreatePut()
    {
        var name = new Argument<string>("name") { Description = "The group's name; templates match it by 'enrolment'." };
        var method = new Option<string?>("--method") { Description = "How its devices prove who they are: key (unless given) or tpm." };
        var allow = new Option<string[]>("--allow") { Description = "Patterns of registration ids that are let in; without any, all.", AllowMultipleArgumentsPerToken = true };
        var deny = new Option<string[]>("--deny") { Description = "Patterns of registration ids that are not, before those that are.", AllowMultipleArgumentsPerToken = true };
        var disable = new Option<bool>("--disable") { Description = "Let nobody in by it." };
        var keyFile = new Option<string?>("--key-out") { Description = "Write a new group's key to this file (0600) instead of printing it.", HelpName = "FILE" };
        var command = new Command("put", "Make an enrolment group, or change whom one lets in.") { name, method, allow, deny, disable, keyFile };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var put = new PutEnrolmentGroup(parsed.GetValue(method), !parsed.GetValue(disable), parsed.GetValue(allow), parsed.GetValue(deny));
            await ShowAsync(node.Writer(parsed), await node.Connect(parsed).PutEnrolmentGroupAsync(parsed.GetValue(name)!, put, cancellationToken), parsed.GetValue(keyFile), cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments put garage --key-out garage.key", "strata enrolments put garage --deny 'SN13*'", "strata enrolments put gate --method tpm");
    }

    private static Command CreateKey()
    {
        var name = new Argument<string>("name") { Description = "The group's name." };
        var keyFile = new Option<string?>("--key-out") { Description = "Write the key to this file (0600) instead of printing it.", HelpName = "FILE" };
        var command = new Command("key", "Make a new key of a group; with the old one nobody enrols any more.") { name, keyFile };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await ShowAsync(node.Writer(parsed), await node.Connect(parsed).RenewEnrolmentKeyAsync(parsed.GetValue(name)!, cancellationToken), parsed.GetValue(keyFile), cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments key garage --key-out garage.key");
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("name") { Description = "The group's name." };
        var command = new Command("delete", "Remove an enrolment group; devices that came by it stay.") { name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteEnrolmentGroupAsync(parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(name)} is removed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments delete garage");
    }

    private static Command CreateDerive()
    {
        var registration = new Argument<string>("registration") { Description = "The device's registration id, for example its serial number." };
        var keyFile = new Option<string>("--key") { Description = "The group's key (base64).", Required = true, HelpName = "FILE" };
        var command = new Command("derive", "Print a device's own key (base64), for the factory. Asks no node.") { registration, keyFile };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = await ReadAsync(parsed.GetValue(keyFile)!, cancellationToken);
            var key = new byte[text.Length];
            if (!Convert.TryFromBase64String(text.Trim(), key, out var length) || length != EnrolmentProof.KeyLength)
                throw new CliException(ExitCode.Usage, $"--key: {parsed.GetValue(keyFile)} does not hold the base64 of {EnrolmentProof.KeyLength} bytes.");
            await Console.Out.WriteLineAsync(Convert.ToBase64String(EnrolmentProof.KeyOf(key.AsSpan(0, length), parsed.GetValue(registration)!)));
            CryptographicOperations.ZeroMemory(key);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments derive SN0042 --key garage.key");
    }

    private static Command CreateApprovals()
    {
        var state = new Option<string?>("--state") { Description = "pending (unless given), approved or denied." };
        var command = new Command("approvals", "List devices that wait for a person's yes.") { state };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed).ListApprovalsAsync(parsed.GetValue(state), cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.ApprovalInfo, "nobody waits", ApprovalColumns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments approvals");
    }

    private static Command CreateDecision(string verb, string description)
    {
        var id = new Argument<string>("id") { Description = "As 'strata enrolments approvals' lists it." };
        var command = new Command(verb, description) { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).One(await node.Connect(parsed).DecideApprovalAsync(parsed.GetValue(id)!, new DecideApproval(verb), cancellationToken), ContractsJson.Default.ApprovalInfo, ApprovalColumns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, $"strata enrolments {verb} 4f0c21ab9e77");
    }

    private static Command CreateHookKey()
    {
        var keyFile = new Option<string?>("--key-out") { Description = "Write the key to this file (0600) instead of printing it.", HelpName = "FILE" };
        var command = new Command("hook-key", "Make a new key with which the questions to allocation hooks are signed.") { keyFile };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var key = (await node.Connect(parsed).RenewHookKeyAsync(cancellationToken)).Key;
            if (parsed.GetValue(keyFile) is { } file)
                await PrivateFile.WriteAsync(file, key, cancellationToken);
            else
                await node.Writer(parsed).Text.WriteLineAsync(key);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments hook-key --key-out hook.key");
    }

    private static Command CreateRegister()
    {
        var file = new Argument<string>("file") { Description = "CSV with a head line that names the columns sku, serial and, when devices have keys, key (public, base64)." };
        var template = new Option<string?>("--template") { Description = "This template in place of the first that matches." };
        var identity = new Option<string>("--identity") { Description = "secret, certificate, or none (they will show a certificate of another authority).", DefaultValueFactory = _ => "secret" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be registered, and register nothing." };
        var to = new Option<string?>("--out") { Description = "Folder for secrets, certificates and keys, a file each (0600); needed unless it is a dry run or identity is none.", HelpName = "DIR" };
        var command = new Command("register", "Register many devices by templates, all or none.") { file, template, identity, dryRun, to };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (dry, folder) = (parsed.GetValue(dryRun), parsed.GetValue(to));
            if (!dry && folder is null && parsed.GetValue(identity) != "none")
                throw new CliException(ExitCode.Usage, "--out DIR is needed: what is given once must be kept somewhere.");
            var devices = Parse(parsed.GetValue(file)!, await ReadAsync(parsed.GetValue(file)!, cancellationToken));
            var made = await node.Connect(parsed).RegisterDevicesAsync(new RegisterDevices(devices, parsed.GetValue(template), parsed.GetValue(identity), dry), cancellationToken);
            if (folder is not null && !dry)
                await WriteAsync(folder, made, cancellationToken);
            var shown = made.Devices.Select(d => d with { Secret = null, Certificate = null, Key = null }).ToList();
            node.Writer(parsed).List(shown, ContractsJson.Default.RegisteredDeviceInfo, "nothing", new Column<RegisteredDeviceInfo>("device", d => d.Id), new("site", d => d.Site ?? ""), new("template", d => d.Template));
            node.Writer(parsed).Note(dry ? $"{shown.Count} would be registered (dry run)" : $"{shown.Count} registered");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments register devices.csv --dry-run", "strata enrolments register devices.csv --identity certificate --out ./identities");
    }

    private static List<DeviceToRegister> Parse(string file, string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var head = lines.Length == 0 ? [] : lines[0].ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
        if (head.Length == 0 || head.FirstOrDefault(h => h is not ("sku" or "serial" or "registration" or "key")) is not null)
            throw new CliException(ExitCode.Usage, $"{file}:1: the head line names the columns: sku, serial, registration, key.");
        string? Cell(string[] cells, string column) => Array.IndexOf(head, column) is var at && at >= 0 && cells[at].Length > 0 ? cells[at] : null;
        return [.. lines.Skip(1).Select((line, i) =>
        {
            var cells = line.Split(',', StringSplitOptions.TrimEntries);
            return cells.Length == head.Length
                ? new DeviceToRegister(Cell(cells, "sku"), Cell(cells, "serial"), Cell(cells, "registration"), Cell(cells, "key"))
                : throw new CliException(ExitCode.Usage, $"{file}:{i + 2}: {cells.Length} columns, and the head line names {head.Length}.");
        })];
    }

    private static async Task WriteAsync(string folder, RegisteredDevices made, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var device in made.Devices)
        {
            foreach (var (kind, content) in new[] { ("secret", device.Secret), ("crt.pem", device.Certificate is null ? null : device.Certificate + made.Chain), ("key.pem", device.Key) })
            {
                if (content is not null)
                    await PrivateFile.WriteAsync(Path.Combine(folder, $"{device.Id}.{kind}"), content, cancellationToken);
            }
        }
    }

    private static async Task ShowAsync(OutputWriter output, EnrolmentGroupSecret group, string? keyFile, CancellationToken cancellationToken)
    {
        if (group.Key is not null && keyFile is not null)
            await PrivateFile.WriteAsync(keyFile, group.Key, cancellationToken);
        if (output.Format == OutputFormat.Json)
        {
            await output.Text.WriteLineAsync(JsonSerializer.Serialize(keyFile is null ? group : group with { Key = null }, ContractsJson.Default.EnrolmentGroupSecret));
            return;
        }
        await output.Text.WriteLineAsync($"{group.Group.Name}: {(group.Group.Enabled ? "enabled" : "disabled")}");
        if (group.Key is not null)
            await output.Text.WriteLineAsync(keyFile is null ? $"key, shown once (HMAC-SHA256 of a registration id under it is that device's key): {group.Key}" : $"its key is in {keyFile}");
    }

    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message}");
        }
    }
}
