using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata views</c>: saved views, by which roles see a part of the tenant on one page.</summary>
internal static class ViewsCommand
{
    public static Command Create() => new("views", "Saved views: what of a tenant a role sees on one page of the dashboard.") { CreateList(), CreateShow(), CreateApply(), CreateDelete() };

    private static Command CreateList()
    {
        var templates = new Option<bool>("--templates") { Description = "List the views to begin with instead." };
        var command = new Command("list", "List the views that are for you, and those that you may change.") { templates };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var views = await (parsed.GetValue(templates) ? client.ListViewTemplatesAsync(cancellationToken) : client.ListViewsAsync(cancellationToken));
            node.Writer(parsed).List(views.Items, ContractsJson.Default.ViewInfo, "no views; 'strata views apply NAME --template building-manager --role ROLE' makes one", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata views list --tenant acme", "strata views list --templates");
    }

    private static Command CreateShow()
    {
        var name = new Argument<string>("name") { Description = "The view's name." };
        var values = new Option<bool>("--values") { Description = "Show the newest values that it shows, as you may see them." };
        var command = new Command("show", "Show a view as you see it, or its newest values.") { name, values };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var view = await client.GetViewAsync(parsed.GetValue(name)!, cancellationToken);
            if (!parsed.GetValue(values))
            {
                node.Writer(parsed).One(view, ContractsJson.Default.ViewInfo, Columns);
                return ExitCode.Success;
            }
            node.Writer(parsed).List(
                await client.LatestOfAsync(view, cancellationToken), ContractsJson.Default.LatestInfo, "nothing of it was received yet",
                new("device", l => l.Device), new("metric", l => l.Metric), new("value", l => l.Value.ToString()), new("time", l => OutputWriter.Time(l.Time)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata views show energy --tenant acme", "strata views show energy --values -o csv");
    }

    private static Command CreateApply()
    {
        var name = new Argument<string>("name") { Description = "Letters, digits and . _ : - ; at most 64." };
        var template = new Option<string?>("--template") { Description = "Begin with building-manager, energy-analyst or executive; what else is given takes the place of what it says." };
        var title = new Option<string?>("--title") { Description = "What the page is called." };
        var role = new Option<string[]>("--role") { Description = "A role that it is for; may be repeated." };
        var widget = new Option<string[]>("--widget") { Description = "counts, sites, offline, latest, chart, usage, sla or costs, in the order of the page; may be repeated." };
        var metric = new Option<string[]>("--metric") { Description = "A metric that it shows; may be repeated. All when none is given." };
        var site = new Option<string[]>("--site") { Description = "Only this place and all below; may be repeated. All that its reader sees when neither place nor group is given." };
        var group = new Option<string[]>("--group") { Description = "Only this group; may be repeated." };
        var last = new Option<string?>("--last") { Description = "The time before now that it shows: 1h, 1d, 7d." };
        var landing = new Option<bool>("--landing") { Description = "Its roles see it first." };
        var command = new Command("apply", "Make a view, or make it as described.") { name, template, title, role, widget, metric, site, group, last, landing };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var from = parsed.GetValue(template) is not { } wanted ? null
                : (await client.ListViewTemplatesAsync(cancellationToken)).Items.FirstOrDefault(t => t.Name == wanted)
                    ?? throw new CliException(ExitCode.Usage, $"There is no template '{wanted}'; 'strata views list --templates' shows them.");
            var view = new SaveView(
                parsed.GetValue(title) ?? from?.Title ?? parsed.GetValue(name)!, Given(parsed.GetValue(role)) ?? from?.Roles ?? [], Given(parsed.GetValue(widget)) ?? from?.Widgets ?? [],
                Given(parsed.GetValue(metric)) ?? from?.Metrics, Given(parsed.GetValue(site)), Given(parsed.GetValue(group)), parsed.GetValue(last) ?? from?.Last, parsed.GetValue(landing));
            var output = node.Writer(parsed);
            output.One(await client.SaveViewAsync(parsed.GetValue(name)!, view, cancellationToken), ContractsJson.Default.ViewInfo, Columns);
            output.Note($"On the dashboard: /views/{parsed.GetValue(name)}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata views apply building --template building-manager --role building-manager --site hq --landing",
            "strata views apply energy --title Energy --role energy-analyst --widget chart --metric power --last 7d");
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("name") { Description = "The view's name." };
        var command = new Command("delete", "Delete a view.") { name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteViewAsync(parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(name)} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata views delete energy");
    }

    private static Column<ViewInfo>[] Columns =>
    [
        new("name", v => v.Name), new("title", v => v.Title), new("for", v => string.Join(' ', v.Roles)), new("shows", v => string.Join(' ', v.Widgets)), new("metrics", v => string.Join(' ', v.Metrics)),
        new("of", v => string.Join(' ', v.Sites.Concat(v.Groups.Select(g => $"group:{g}")))), new("last", v => v.Last), new("first page", v => v.Landing ? "yes" : ""), new("you may change it", v => v.Managed ? "yes" : ""),
    ];

    private static string[]? Given(string[]? values) => values is { Length: > 0 } ? values : null;
}
