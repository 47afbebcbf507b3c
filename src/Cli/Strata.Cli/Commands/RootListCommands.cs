using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca root-list</c>: the root's revocation list, which is signed where its key is.</summary>
internal static class RootListCommands
{
    private const int MaxDays = 3650;

    private static readonly Column<RootListInfo>[] Columns =
    [
        new("root", r => r.Root[..16]), new("revoked", r => $"{r.Revoked.Count}"), new("signed", r => OutputWriter.Time(r.SignedAt)), new("until", r => OutputWriter.Time(r.Until)), new("served at", r => $"/pki/crl/{r.Id}.crl"),
    ];

    public static Command Create() => new("root-list", "The root's revocation list: what the node says must stand in it, signed by the root off the node, served by the node.") { CreateRequest(), CreateSign(), CreatePublish() };

    private static Command CreateRequest()
    {
        var to = new Option<string>("--out") { Description = "File for the machine where the root's key is.", Required = true, HelpName = "FILE" };
        var command = new Command("request", "Write what must stand in the root's revocation list.") { to };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = await node.Connect(parsed).GetRootListAsync(cancellationToken);
            await File.WriteAllTextAsync(parsed.GetValue(to)!, JsonSerializer.Serialize(wanted, ContractsJson.Default.RootListInfo) + "\n", cancellationToken);
            node.Writer(parsed).One(wanted, ContractsJson.Default.RootListInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca root-list request --out revoked.json");
    }

    private static Command CreateSign()
    {
        var file = new Argument<string>("file") { Description = "What 'strata ca root-list request' has written." };
        var root = new Option<string>("--root") { Description = "Folder with root.crt.pem and root.key.pem.", Required = true, HelpName = "DIR" };
        var to = new Option<string>("--out") { Description = "File for the node: the list (DER).", Required = true, HelpName = "FILE" };
        var days = new Option<int>("--days") { Description = $"How long the list holds: sign the next one before. 1 to {MaxDays}.", DefaultValueFactory = _ => 365 };
        var command = new Command("sign", "Sign the root's revocation list. For the machine where its key is; asks no node.") { file, root, to, days };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var life = parsed.GetValue(days) is var count and >= 1 and <= MaxDays ? TimeSpan.FromDays(count) : throw new CliException(ExitCode.Usage, $"--days: it takes 1 to {MaxDays}.");
            var wanted = Read(await PemFile.ReadAsync(parsed.GetValue(file)!, "file", cancellationToken), parsed.GetValue(file)!);
            using var opened = await InstallationRolloverCommands.OpenAsync(parsed.GetValue(root)!, "--root", cancellationToken);
            if (opened.Fingerprint != wanted.Root)
                throw new CliException(ExitCode.Usage, $"--root: the request is for the root {wanted.Root}, and this is {opened.Fingerprint}.");
            await File.WriteAllBytesAsync(parsed.GetValue(to)!, opened.SignList(wanted.Revoked.Select(r => (r.Serial, r.Since)), life, TimeProvider.System.GetUtcNow()), cancellationToken);
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"Take {parsed.GetValue(to)} to the node: strata ca root-list publish {parsed.GetValue(to)}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca root-list sign revoked.json --root /media/usb/strata-root --out root.crl");
    }

    private static Command CreatePublish()
    {
        var file = new Argument<string>("file") { Description = "What 'strata ca root-list sign' has written." };
        var command = new Command("publish", "Have the node serve the list.") { file };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            byte[] list;
            try
            {
                list = await File.ReadAllBytesAsync(parsed.GetValue(file)!, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.Usage, $"file: {e.Message}");
            }
            node.Writer(parsed).One(await node.Connect(parsed).PublishRootListAsync(new PublishRootList(Convert.ToBase64String(list)), cancellationToken), ContractsJson.Default.RootListInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca root-list publish root.crl");
    }

    private static RootListInfo Read(string text, string file)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ContractsJson.Default.RootListInfo) ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.Usage, $"file: {file} is not what 'strata ca root-list request' writes: {e.Message}");
        }
    }
}
