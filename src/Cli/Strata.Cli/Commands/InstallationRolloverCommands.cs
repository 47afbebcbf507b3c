using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca rollover ... --installation</c> and <c>strata ca sign</c>: the installation's intermediate, and its root, are replaced. The root's key is used off the node.</summary>
internal static class InstallationRolloverCommands
{
    private static readonly Column<InstallationRolloverInfo>[] Columns =
    [
        new("state", r => r.State), new("root", r => r.Root[..16]), new("new root", r => r.NewRoot?[..16] ?? ""), new("old", r => r.Old), new("new", r => r.New ?? ""), new("moved", r => $"{r.Moved}"),
        new("waiting", r => $"{r.Waiting}"), new("expected", r => r.Expected is null ? "" : OutputWriter.Time(r.Expected)),
    ];

    public static async Task<int> ReadAsync(ParseResult parsed, NodeOptions node, bool plans, CancellationToken cancellationToken)
    {
        var state = await node.Connect(parsed).GetInstallationRolloverAsync(cancellationToken);
        node.Writer(parsed).One(state, ContractsJson.Default.InstallationRolloverInfo, Columns);
        node.Writer(parsed).Note(plans && state.State == InstallationRolloverStates.None ? Plan(state) : Next(state));
        return ExitCode.Success;
    }

    public static async Task<int> RunAsync(ParseResult parsed, NodeOptions node, string? requestFile, string? signedFile, bool endNow, CancellationToken cancellationToken)
    {
        var client = node.Connect(parsed);
        var before = await client.GetInstallationRolloverAsync(cancellationToken);
        if (before.State != InstallationRolloverStates.Renewing && requestFile is null && signedFile is null)
            throw new CliException(ExitCode.Usage, "--request FILE says where the request goes that the root is to sign; --signed FILE gives what it has signed.");
        var signed = signedFile is null ? null : await PemFile.ReadAsync(signedFile, "--signed", cancellationToken);
        // What is signed already and given again changes nothing: a run that was cut off is repeated as it was.
        var state = signed is not null && before.State == InstallationRolloverStates.Renewing ? before : await client.RunInstallationRolloverAsync(new RunInstallationRollover(signed, endNow), cancellationToken);
        if (requestFile is not null && state.Request is { } request)
            await File.WriteAllTextAsync(requestFile, request, cancellationToken);
        var output = node.Writer(parsed);
        output.One(state, ContractsJson.Default.InstallationRolloverInfo, Columns);
        if (endNow && before.Waiting > 0)
            output.Note($"{before.Waiting} devices were not given the new root, and do not trust the node any more until somebody gives it to them: {Names(before)}");
        output.Note(Next(state));
        return ExitCode.Success;
    }

    /// <summary><c>strata ca sign</c>.</summary>
    public static Command CreateSign()
    {
        var file = new Argument<string>("file") { Description = "What 'strata ca rollover run --installation --request FILE' has written." };
        var root = new Option<string>("--root") { Description = "Folder with root.crt.pem and root.key.pem, as 'strata ca init' wrote them.", Required = true, HelpName = "DIR" };
        var next = new Option<string?>("--new-root-out") { Description = "Replaces the root too: the folder that gets the new one's root.crt.pem and root.key.pem. Left out, the root stays.", HelpName = "DIR" };
        var to = new Option<string>("--out") { Description = "File for the node: certificates, no key.", Required = true, HelpName = "FILE" };
        var command = new Command("sign", "Sign a node's request with the root's key. For the machine where that key is; asks no node.") { file, root, next, to };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            var request = await PemFile.ReadAsync(parsed.GetValue(file)!, "file", cancellationToken);
            using var old = await OpenAsync(parsed.GetValue(root)!, "--root", cancellationToken);
            using var successor = parsed.GetValue(next) is { } folder ? await SuccessorAsync(folder, now, cancellationToken) : null;
            try
            {
                await File.WriteAllTextAsync(parsed.GetValue(to)!, old.Sign(request, successor, now), cancellationToken);
            }
            catch (InvalidDataException e)
            {
                throw new CliException(ExitCode.Usage, $"file: {parsed.GetValue(file)} is no request of a node: {e.Message}");
            }
            await parsed.InvocationConfiguration.Output.WriteLineAsync($"root {(successor ?? old).Fingerprint}");
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"Take {parsed.GetValue(to)} to the node: strata ca rollover run --installation --signed {parsed.GetValue(to)}. It holds no key.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata ca sign request.pem --root /media/usb/strata-root --out signed.pem", "strata ca sign request.pem --root /media/usb/strata-root --new-root-out /media/usb/strata-root-2 --out signed.pem");
    }

    private static async Task<OfflineRoot> OpenAsync(string folder, string option, CancellationToken cancellationToken)
    {
        try
        {
            return OfflineRoot.Open(
                await PemFile.ReadAsync(Path.Combine(folder, "root.crt.pem"), option, cancellationToken), await PemFile.ReadAsync(Path.Combine(folder, "root.key.pem"), option, cancellationToken));
        }
        catch (InvalidDataException e)
        {
            throw new CliException(ExitCode.Usage, $"{option}: {folder} holds no root with its key: {e.Message}");
        }
    }

    /// <summary>The new root: made, or the one that an earlier try has made. The key is on the disk before the certificate, and both before anything is signed.</summary>
    private static async Task<OfflineRoot> SuccessorAsync(string folder, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var (keyFile, certificateFile) = (Path.Combine(folder, "root.key.pem"), Path.Combine(folder, "root.crt.pem"));
        if (File.Exists(certificateFile))
            return await OpenAsync(folder, "--new-root-out", cancellationToken);
        if (File.Exists(keyFile))
            throw new CliException(ExitCode.Usage, $"--new-root-out: {keyFile} is there, without a certificate: an earlier try was cut off, and nothing was signed with it. Choose an empty folder.");
        var made = OfflineRoot.Make(now);
        await PrivateFile.WriteAsync(keyFile, made.Key.TrimEnd(), cancellationToken);
        await File.WriteAllTextAsync(certificateFile, made.Certificate, cancellationToken);
        return made;
    }

    private static string Plan(InstallationRolloverInfo state) => $"""
        1. 'strata ca rollover run --installation --request request.pem' makes the next intermediate's key, which stays on the node.
        2. Where the root's key is: 'strata ca sign request.pem --root DIR --out signed.pem', with '--new-root-out DIR2' to replace the root too.
        3. 'strata ca rollover run --installation --signed signed.pem' takes it into use: it certifies the authorities of all tenants anew (devices' certificates go on), and the node's server.
        4. With a new root the node serves by a chain that leads to both. {state.Waiting} devices have a certificate; each is given the new root when it renews, or asks for EST's cacerts with its certificate.
           'strata ca rollover status --installation' counts and names them. Give the new root to what has none: gateways, browsers, agents with a secret (their --ca).
        5. 'strata ca rollover run --installation' again, once nobody waits, ends it. It may be run at any time: it makes the step that is due, or none.
        """;

    private static string Next(InstallationRolloverInfo state) => state.State switch
    {
        InstallationRolloverStates.None => "No roll-over of the installation's authority is under way.",
        InstallationRolloverStates.Requested => "The request waits for the root: 'strata ca sign' off the node, then 'strata ca rollover run --installation --signed FILE'.",
        _ when state.Waiting == 0 => "Nobody waits: 'strata ca rollover run --installation' ends it.",
        _ => $"{state.Waiting} devices were not given the new root yet; those that are connected will have been by {OutputWriter.Time(state.Expected)}: {Names(state)}",
    };

    private static string Names(InstallationRolloverInfo state) =>
        string.Join(", ", state.WaitingDevices) + (state.Waiting > state.WaitingDevices.Count ? $" and {state.Waiting - state.WaitingDevices.Count} more" : "");
}
