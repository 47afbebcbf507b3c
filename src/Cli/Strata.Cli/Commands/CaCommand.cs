using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca</c>: the installation's certificate authority.</summary>
internal static class CaCommand
{
    public static Command Create() => new("ca", "The certificate authority: its root, and what devices and servers are certified by.")
    {
        CreateInit(), CreateExport(), ForeignAuthorityCommands.CreateRegister(), ForeignAuthorityCommands.CreateProve(), ForeignAuthorityCommands.CreateList(), RolloverCommands.Create(), InstallationRolloverCommands.CreateSign(),
    };

    private static Command CreateInit()
    {
        var to = new Option<string>("--root-out") { Description = "Folder that gets root.crt.pem and root.key.pem; keep it off this machine, in a safe.", Required = true, HelpName = "DIR" };
        var command = new Command("init", "Make the authority, and move its root's key from the node into a folder.") { to };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var folder = Directory.CreateDirectory(Path.GetFullPath(parsed.GetValue(to)!)).FullName;
            var keyFile = Path.Combine(folder, "root.key.pem");
            if (File.Exists(keyFile))
                throw new CliException(ExitCode.Usage, $"--root-out: {keyFile} is there already; choose an empty folder, so that no key is overwritten.");
            var client = node.Connect(parsed);
            var root = await client.CreateAuthorityAsync(cancellationToken);
            if (root.Key is null)
                throw new CliException(ExitCode.Failed, $"The key of the root {root.Fingerprint} has left the node already: it is where an earlier 'strata ca init' put it.");
            await PrivateFile.WriteAsync(keyFile, root.Key.TrimEnd(), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "root.crt.pem"), root.Certificate, cancellationToken);
            // Only when it is on the disk here is it destroyed there.
            await client.ForgetRootKeyAsync(root.Fingerprint, cancellationToken);
            var output = node.Writer(parsed);
            output.One(root with { Key = null }, ContractsJson.Default.RootAuthority, new("fingerprint", r => r.Fingerprint), new("certificate", _ => Path.Combine(folder, "root.crt.pem")), new("key", _ => keyFile));
            output.Note("The node does not have the root's key any more. It is needed to certify another installation's intermediate, or this one's anew: keep it off this machine.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca init --root-out /media/usb/strata-root");
    }

    private static Command CreateExport()
    {
        var command = new Command("export", "Write the certificates from the tenant's authority to the root (PEM): what devices trust, and what trusts devices.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await parsed.InvocationConfiguration.Output.WriteAsync(await node.Connect(parsed).GetChainAsync(cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca export --tenant acme > chain.pem");
    }
}
