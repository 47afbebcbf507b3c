using System.CommandLine;
using Strata.Cli.Factory;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Provisioning;

namespace Strata.Cli.Commands;

/// <summary><c>strata sites</c>.</summary>
internal static class SitesCommand
{
    public static Command Create() => new("sites", "Places: buildings, floors, zones.") { CreateList(), CreateLabels() };

    private static Command CreateList()
    {
        var command = new Command("list", "List the places as paths.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListSitesAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.SiteInfo, "no sites yet; 'strata apply -f site.yaml' creates them",
                new("path", s => s.Path), new("name", s => s.Name), new("kind", s => s.Kind),
                new("devices", s => s.Devices.ToString(), true), new("with those below", s => s.DevicesBelow.ToString(), true));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sites list");
    }

    private static Command CreateLabels()
    {
        var site = new Option<string?>("--site") { Description = "This place and what is below; all places unless given." };
        var kind = new Option<string?>("--kind") { Description = "Only places of this kind, for example zone." };
        var to = new Option<string>("--out") { Description = "The sheet to write; more than 65 labels make NAME-2.svg, ...", Required = true, HelpName = "FILE.svg" };
        var labelUrl = LabelAddress.Option();
        var command = new Command("labels", "Print QR labels of places, for installers to scan: sheets of 65 as SVG.") { site, kind, to, labelUrl };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (file, address) = (Path.GetFullPath(parsed.GetValue(to)!), LabelAddress.Of(parsed, labelUrl));
            SiteId? at = null;
            if (parsed.GetValue(site) is { } path)
                at = SiteId.TryParse(path, out var named) ? named : throw new CliException(ExitCode.Usage, $"--site is '{path}'; it takes the path of a place, as 'strata sites list' shows them.");
            var client = node.Connect(parsed);
            var tenant = (await client.GetMeAsync(cancellationToken)).Tenant.Id;
            var labels = (await AllAsync(client, cancellationToken))
                .Where(s => (at is not { } above || above.Contains(SiteId.Parse(s.Path))) && (parsed.GetValue(kind) is not { } wanted || s.Kind == wanted))
                .Select(s => (s.Name, s.Path, LabelCode.OfPlace(tenant, SiteId.Parse(s.Path), address))).ToList();
            if (labels.Count == 0)
                throw new CliException(ExitCode.Usage, "There are no such places; 'strata sites list' shows those there are.");
            var sheets = LabelSheet.Write(file, labels);
            node.Writer(parsed).Note($"{labels.Count} {(labels.Count == 1 ? "label" : "labels")} on {sheets} {(sheets == 1 ? "sheet" : "sheets")}: {file}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sites labels --site hq --kind zone --out zones.svg", "strata sites labels --out places.svg --label-url https://iot.example.com");
    }

    private static async Task<List<SiteInfo>> AllAsync(StrataClient client, CancellationToken cancellationToken)
    {
        var sites = new List<SiteInfo>();
        string? cursor = null;
        do
        {
            var page = await client.ListSitesAsync(cursor, null, cancellationToken);
            sites.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return sites;
    }
}
