using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Strata.Cli.Factory;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata factory</c>: identities for devices as they are made.</summary>
internal static class FactoryCommand
{
    private const int KeysOfRequest = 500;
    private const int MaxCount = 1_000_000;

    private static readonly Column<AuthorityInfo>[] Columns =
    [
        new("batch", a => a.Name), new("sku", a => a.Sku ?? ""), new("standing", a => a.Standing), new("made", a => OutputWriter.Time(a.Created)), new("authority", a => a.Id),
    ];

    public static Command Create() => new("factory", "Identities for devices as they are made: keys, birth certificates, labels.") { CreateBatch(), CreateList() };

    private static Command CreateBatch()
    {
        var sku = new Option<string>("--sku") { Description = "What is made; templates see it.", Required = true };
        var count = new Option<int>("--count") { Description = $"Devices, 1 to {MaxCount:N0}.", Required = true };
        var to = new Option<string>("--out") { Description = "New folder for {serial}.key.pem, {serial}.crt.pem, chain.pem, labels.svg and manifest.csv.", Required = true, HelpName = "DIR" };
        var name = new Option<string?>("--batch") { Description = "The batch's name; by default the SKU and the time. The same name goes on with the same batch." };
        var prefix = new Option<string?>("--prefix") { Description = "What serial numbers begin with; by default the batch's name and '-'." };
        var first = new Option<int>("--first") { Description = "The number of the first one.", DefaultValueFactory = _ => 1 };
        var labelUrl = LabelAddress.Option();
        var command = new Command("batch", "Make keys, and have them certified as births of one batch. The keys stay in the folder; the node sees none of them.") { sku, count, to, name, prefix, first, labelUrl };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (of, devices) = (parsed.GetValue(sku)!, parsed.GetValue(count));
            if (devices is < 1 or > MaxCount)
                throw new CliException(ExitCode.Usage, $"--count is {devices}; it takes 1 to {MaxCount:N0}.");
            var batch = parsed.GetValue(name) ?? string.Create(CultureInfo.InvariantCulture, $"{new string([.. of.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-')}-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss}");
            var folder = BatchFolder.Create(parsed.GetValue(to)!, LabelAddress.Of(parsed, labelUrl));
            var client = node.Connect(parsed);
            var authority = await client.CreateBatchAsync(new CreateBatch(batch, of), cancellationToken);
            var started = TimeProvider.System.GetTimestamp();
            var serials = Enumerable.Range(parsed.GetValue(first), devices).Select(n => string.Create(CultureInfo.InvariantCulture, $"{parsed.GetValue(prefix) ?? batch + "-"}{n:D6}"));
            var (chain, writing) = ("", Task.CompletedTask);
            foreach (var part in serials.Chunk(KeysOfRequest))
            {
                // What is certified is written while the next keys are made and certified.
                var certified = await CertifyAsync(client, batch, part, cancellationToken);
                await writing;
                chain = certified.Chain;
                writing = Task.Run(() => WriteThem(folder, certified, of, batch), cancellationToken);
            }
            await writing;
            folder.Finish(chain, of);
            var took = TimeProvider.System.GetElapsedTime(started);
            var output = node.Writer(parsed);
            output.One(authority, ContractsJson.Default.AuthorityInfo, Columns);
            output.Note(string.Create(CultureInfo.InvariantCulture, $"{devices:N0} devices in {took.TotalSeconds:0.0} s, {devices / took.TotalSeconds:N0} a second. The keys are in no other place: put each into its device, then destroy the folder's copy."));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata factory batch --tenant acme --sku T-100 --count 10000 --out batch-7", "strata factory batch --sku T-100 --batch line-2 --count 500 --first 501 --out line-2b --label-url https://iot.example.com");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List the batches.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListAuthoritiesAsync("batch", cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.AuthorityInfo, "no batches; 'strata factory batch' makes one", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata factory list --tenant acme");
    }

    private static async Task<(IReadOnlyList<(ECDsa Key, BirthCertificate Birth)> Births, string Chain)> CertifyAsync(StrataClient client, string batch, string[] serials, CancellationToken cancellationToken)
    {
        var keys = serials.ToDictionary(s => s, _ => ECDsa.Create(ECCurve.NamedCurves.nistP256), StringComparer.Ordinal);
        var certified = await client.CertifyBatchAsync(
            batch, new CertifyBatch([.. keys.Select(k => new BatchKey(k.Key, Convert.ToBase64String(k.Value.ExportSubjectPublicKeyInfo())))]), cancellationToken);
        return ([.. certified.Items.Select(b => (keys[b.Serial], b))], certified.Chain);
    }

    private static void WriteThem(BatchFolder folder, (IReadOnlyList<(ECDsa Key, BirthCertificate Birth)> Births, string Chain) certified, string sku, string batch)
    {
        foreach (var (key, birth) in certified.Births)
        {
            folder.Add(key, birth, sku, batch);
            key.Dispose();
        }
    }
}
