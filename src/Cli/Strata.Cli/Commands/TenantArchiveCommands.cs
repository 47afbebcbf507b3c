using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary>Verbs of <c>strata tenants</c> that take a whole tenant to another installation.</summary>
internal static class TenantArchiveCommands
{
    public static Command CreateExport()
    {
        var id = TenantsCommand.IdArgument();
        var to = new Option<string>("--to") { Description = "The archive to write; it must not be there yet.", HelpName = "FILE", Required = true };
        var key = KeyOption();
        var command = new Command("export", "Write a whole tenant as an archive, as of one moment, while it is served: registry, readings, usage, tokens, roles, audit trail. Sealed with a key.") { id, to, key };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var bytes = await WriteAsync(parsed, node, parsed.GetValue(id)!, parsed.GetValue(to)!, parsed.GetValue(key), final: false, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(to)}: {bytes:N0} bytes; it opens with {KeyFile(parsed.GetValue(key), parsed.GetValue(to)!)}, which is kept elsewhere");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants export acme --to acme.strata", "strata tenants export acme --to acme.strata --key-file /media/usb/acme.key");
    }

    public static Command CreateImport()
    {
        var file = new Argument<string>("file") { Description = "The archive." };
        var key = KeyOption();
        var command = new Command("import", "Bring in a tenant out of an archive, whole or not at all. Prints a link for each of its people: passwords stay where they were.") { file, key };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            var secret = await ReadKeyAsync(KeyFile(parsed.GetValue(key), path), cancellationToken);
            await using var archive = Open(path);
            var imported = await node.Connect(parsed, Timeout.InfiniteTimeSpan).ImportTenantAsync(archive, secret, cancellationToken);
            node.Writer(parsed).One(
                imported, ContractsJson.Default.ImportedTenant, new("id", t => t.Id), new("name", t => t.Name), new("level", t => t.Level), new("as of", t => OutputWriter.Time(t.AsOf)),
                new("rows", t => t.Rows.ToString(CultureInfo.InvariantCulture)), new("readings", t => t.Readings.ToString(CultureInfo.InvariantCulture)),
                new("invited", t => string.Join(' ', t.Invited.Select(i => $"{i.Email} {i.Url}"))));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants import acme.strata", "strata tenants import acme.strata --key-file /media/usb/acme.key -o json");
    }

    /// <summary>The last export: pauses the tenant, writes it, and removes it here when told to.</summary>
    public static async Task<int> MoveOutAsync(ParseResult parsed, NodeOptions node, string tenant, string? to, string? key, bool remove, CancellationToken cancellationToken)
    {
        if (to is null)
            throw new CliException(ExitCode.Usage, "A deployment of its own is another installation: name the archive to take there with --out FILE, and import it there with 'strata tenants import FILE'.");
        var output = node.Writer(parsed);
        var bytes = await WriteAsync(parsed, node, tenant, to, key, final: true, cancellationToken);
        output.Note($"{to}: {bytes:N0} bytes; it opens with {KeyFile(key, to)}, which is kept elsewhere");
        if (remove)
        {
            await node.Connect(parsed, Timeout.InfiniteTimeSpan).PurgeTenantAsync(TenantsCommand.Id(tenant), cancellationToken);
            output.Note($"{tenant} is removed here");
        }
        else
        {
            output.Note($"{tenant} is paused here and has everything still; 'strata tenants enable {tenant}' lets it in again, 'strata tenants delete {tenant} --purge' removes it");
        }
        return ExitCode.Success;
    }

    public static Option<string?> KeyOption() => new("--key-file")
    {
        Description = "File (0600) that holds the archive's key: 16 characters or more. Made with a random one when it is not there; the archive's name with .key when left out.", HelpName = "FILE",
    };

    private static async Task<long> WriteAsync(ParseResult parsed, NodeOptions node, string tenant, string to, string? key, bool final, CancellationToken cancellationToken)
    {
        if (File.Exists(to))
            throw new CliException(ExitCode.Usage, $"{to} is there already; choose another file.");
        var keyFile = KeyFile(key, to);
        if (!File.Exists(keyFile))
            await PrivateFile.WriteAsync(keyFile, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), cancellationToken);
        var secret = await ReadKeyAsync(keyFile, cancellationToken);
        var partial = to + ".partial";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, Options = FileOptions.Asynchronous };
            await using (var file = new FileStream(partial, options))
            {
                await node.Connect(parsed, Timeout.InfiniteTimeSpan).ExportTenantAsync(TenantsCommand.Id(tenant), secret, final, file, cancellationToken);
                file.Flush(flushToDisk: true);
            }
            File.Move(partial, to);
            return new FileInfo(to).Length;
        }
        catch (IOException failure)
        {
            throw new CliException(ExitCode.Failed, $"{to} was not written whole and is not there: {failure.Message}");
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static string KeyFile(string? given, string archive) => given ?? archive + ".key";

    private static async Task<byte[]> ReadKeyAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            throw new CliException(ExitCode.Usage, $"There is no {path}, which would hold the archive's key; name it with --key-file.");
        if ((File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            throw new CliException(ExitCode.Usage, $"{path} is the key of an archive, and others than its owner may read it: 'chmod 600 {path}'.");
        var text = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
        return text.Length is >= 16 and <= 1_024
            ? System.Text.Encoding.UTF8.GetBytes(text)
            : throw new CliException(ExitCode.Usage, $"{path} holds {text.Length} characters; the key of an archive has 16 to 1,024.");
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Access = FileAccess.Read, Options = FileOptions.Asynchronous });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The archive {path} cannot be read: {e.Message}");
        }
    }
}
