using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using Strata.Cli.Artifacts;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Updates.Manifests;

namespace Strata.Cli.Commands;

/// <summary><c>strata artifacts</c>: what updates are made of, signed where the key is.</summary>
internal static class ArtifactsCommand
{
    private static readonly Column<ArtifactInfo>[] Columns =
    [
        new("id", a => a.Id), new("models", a => string.Join(' ', a.Models)), new("bytes", a => a.Size.ToString(), true), new("counter", a => a.Counter.ToString(), true),
        new("signed by", a => a.Keys.Count == 0 ? "nobody who is believed" : string.Join(' ', a.Keys)), new("patches", a => a.Deltas.Count.ToString(), true), new("parts", a => a.BomComponents.ToString(), true),
        new("added", a => OutputWriter.Time(a.Added)),
    ];

    public static Command Create() => new("artifacts", "What updates are made of: signed where the private key is, kept by the node.")
    {
        CreateAdd(), CreateList(), CreateShow(), CreateBom(), CreateDelete(), CreateKeygen(), ArtifactKeyCommands.Create(),
    };

    private static Command CreateAdd()
    {
        var file = new Argument<FileInfo>("file") { Description = "The program, image or archive." };
        var component = new Option<string>("--component") { Description = "What of a device it replaces: os, app, bootloader; keys is its ring of keys.", Required = true };
        var version = new Option<string>("--version") { Description = "Its version; semantic versions are compared as such.", Required = true };
        var model = new Option<string[]>("--model") { Description = "A model that it is for. May be repeated.", Required = true };
        var hardware = new Option<string[]>("--hardware") { Description = "A hardware revision that it is for; without it any. May be repeated." };
        var from = new Option<string[]>("--from") { Description = "A version that it goes over, and no other; without it any. Patches are made from these. May be repeated." };
        var needs = new Option<string[]>("--needs") { Description = "Another component that has to be there: bootloader=1.2. May be repeated.", HelpName = "COMPONENT=VERSION" };
        var counter = new Option<long?>("--counter") { Description = "Anti-rollback counter: versions with a lower one do not come back once it is confirmed; without it the one of the newest version that is there, or 0." };
        var irreversible = new Option<bool>("--irreversible") { Description = "A device cannot go back from it." };
        var key = new Option<string[]>("--key") { Description = "A private key (PEM), named after its id: k1.key.pem. May be repeated where two signatures are asked for.", Required = true, HelpName = "FILE" };
        var sbom = new Option<FileInfo?>("--sbom") { Description = "Its bill of materials: CycloneDX in JSON.", HelpName = "FILE" };
        var command = new Command("add", "Sign an artifact here and send it to the node.") { file, component, version, model, hardware, from, needs, counter, irreversible, key, sbom };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (path, client) = (parsed.GetValue(file)!, node.Connect(parsed, Timeout.InfiniteTimeSpan));
            var keys = parsed.GetValue(key)!.Select(SigningKey.Read).ToList();
            var (sha256, size) = await HashAsync(path, cancellationToken);
            var manifest = ManifestWriter.Write(new UpdateManifest
            {
                Component = parsed.GetValue(component)!, Version = parsed.GetValue(version)!, Models = parsed.GetValue(model)!, Hardware = parsed.GetValue(hardware) ?? [], From = parsed.GetValue(from) ?? [],
                Needs = [.. (parsed.GetValue(needs) ?? []).Select(ReadNeed)], Counter = parsed.GetValue(counter) ?? await CounterAsync(client, parsed.GetValue(component)!, parsed.GetValue(version)!, sha256, cancellationToken), Sha256 = sha256, Size = size,
                Reversible = !parsed.GetValue(irreversible), Created = TimeProvider.System.GetUtcNow(),
            });
            if (ManifestReader.Read(manifest) is { IsOk: false, Problem: { } wrong })
                throw new CliException(ExitCode.Usage, wrong.Detail);
            var bom = parsed.GetValue(sbom) is { } bill ? await ReadAsync(bill, cancellationToken) : null;
            await using (var content = path.OpenRead())
                await client.SendArtifactContentAsync(sha256, content, cancellationToken);
            var added = await client.AddArtifactAsync(new AddArtifact(Convert.ToBase64String(manifest), [.. keys.Select(k => k.Sign(manifest))], bom), cancellationToken);
            var writer = node.Writer(parsed);
            writer.One(added, ContractsJson.Default.ArtifactInfo, Columns);
            foreach (var delta in added.Deltas)
                writer.Note($"patch from {delta.FromVersion ?? delta.From[..12]}: {delta.Size} bytes in place of {added.Size} ({100.0 * delta.Size / added.Size:0.##} %)");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts add app-2.0.bin --component app --version 2.0.0 --model T-100 --key keys/k1.key.pem",
            "strata artifacts add app-2.1.bin --component app --version 2.1.0 --model T-100 --from 2.0.0 --needs bootloader=1.2 --key keys/k1.key.pem --sbom app.cdx.json");
    }

    private static Command CreateList()
    {
        var component = new Option<string?>("--component") { Description = "Only this component's." };
        var model = new Option<string?>("--model") { Description = "Only for this model." };
        var part = new Option<string?>("--part") { Description = "Only those whose bill of materials names this part: openssl, or openssl@3.0.13." };
        var command = new Command("list", "List artifacts by component, newest version first.") { component, model, part };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListArtifactsAsync(parsed.GetValue(component), parsed.GetValue(model), parsed.GetValue(part), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.ArtifactInfo, "no artifacts; 'strata artifacts add FILE' adds one", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts list", "strata artifacts list --part openssl@3.0.13 -o json");
    }

    private static Command CreateShow()
    {
        var id = Id();
        var command = new Command("show", "Show an artifact.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var artifact = await node.Connect(parsed).GetArtifactAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).One(artifact, ContractsJson.Default.ArtifactInfo,
                [.. Columns, new("hardware", a => a.Hardware.Count == 0 ? "any" : string.Join(' ', a.Hardware)), new("goes over", a => a.From.Count == 0 ? "any" : string.Join(' ', a.From)),
                    new("needs", a => string.Join(' ', a.Needs.Select(n => $"{n.Component}={n.MinVersion}"))), new("can go back", a => a.Reversible ? "yes" : "no"), new("sha256", a => a.Sha256),
                    new("bytes are here", a => a.Available ? "yes" : "no; add the same file again"), new("added by", a => a.AddedBy)]);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts show app/2.0.0/0123456789ab");
    }

    private static Command CreateBom()
    {
        var id = Id();
        var command = new Command("sbom", "Print an artifact's bill of materials as it was sent.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(await node.Connect(parsed).GetArtifactBomAsync(parsed.GetValue(id)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts sbom app/2.0.0/0123456789ab > app.cdx.json");
    }

    private static Command CreateDelete()
    {
        var id = Id();
        var command = new Command("delete", "Delete an artifact that no job names.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteArtifactAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(id)} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts delete app/2.0.0/0123456789ab");
    }

    private static Command CreateKeygen()
    {
        var id = new Argument<string>("id") { Description = "The key's name." };
        var folder = new Option<DirectoryInfo>("--out") { Description = "Where ID.key.pem (0600) is written; it never leaves this machine.", DefaultValueFactory = _ => new DirectoryInfo(".") };
        var algorithm = new Option<string>("--algorithm") { Description = "ed25519 or ecdsa-p256.", DefaultValueFactory = _ => SignatureAlgorithms.Ed25519 };
        algorithm.AcceptOnlyFromAmong(SignatureAlgorithms.Ed25519, SignatureAlgorithms.EcdsaP256);
        var command = new Command("keygen", "Make a key that signs manifests, here; no node is asked.") { id, folder, algorithm };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var key = SigningKey.Make(parsed.GetValue(id)!, parsed.GetValue(algorithm)!);
            var path = Path.Combine(parsed.GetValue(folder)!.FullName, $"{key.Id}.key.pem");
            if (File.Exists(path))
                throw new CliException(ExitCode.Usage, $"{path} is there already; choose another name or folder.");
            parsed.GetValue(folder)!.Create();
            await PrivateFile.WriteAsync(path, key.ToPem(), cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteLineAsync($"{path}: keep it safe; 'strata artifacts keys add {path}' gives its public half to the node");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts keygen k1 --out ./keys", "strata artifacts keygen k2 --algorithm ecdsa-p256 --out ./keys");
    }

    private static Argument<string> Id()
    {
        var id = new Argument<string>("id") { Description = "component/version/hash, see 'strata artifacts list'." };
        id.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var said }] && said.Count(c => c == '/') < 2)
                result.AddError($"'{said}' is no artifact's id; it is component/version/hash, see 'strata artifacts list'.");
        });
        return id;
    }

    private static ComponentNeed ReadNeed(string text) => text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        ? new ComponentNeed(text[..at], text[(at + 1)..])
        : throw new CliException(ExitCode.Usage, $"--needs is '{text}'; write COMPONENT=VERSION, for example bootloader=1.2.");

    /// <summary>Of the artifact itself when it is there already, else of the newest version.</summary>
    private static async Task<long> CounterAsync(StrataClient client, string component, string version, string sha256, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetArtifactAsync($"{component}/{version}/{sha256[..12]}", cancellationToken)).Counter;
        }
        catch (StrataApiException e) when (e.StatusCode is HttpStatusCode.NotFound)
        {
            return await NewestCounterAsync(client, component, cancellationToken);
        }
    }

    private static async Task<long> NewestCounterAsync(StrataClient client, string component, CancellationToken cancellationToken) =>
        (await client.ListArtifactsAsync(component, limit: 1, cancellationToken: cancellationToken)).Items is [var newest, ..] ? newest.Counter : 0;

    private static async Task<(string Sha256, long Size)> HashAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            await using var content = file.OpenRead();
            return (Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken)), content.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{file} cannot be read: {e.Message}");
        }
    }

    private static async Task<string> ReadAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file.FullName, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"--sbom: {file} cannot be read: {e.Message}");
        }
    }
}
