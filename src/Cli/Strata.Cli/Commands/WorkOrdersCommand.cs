using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata workorders</c>: what is to be done at devices, by whom and in which order.</summary>
internal static class WorkOrdersCommand
{
    public static Command Create() => new("workorders", "Work orders: what is to be done at devices, by whom, in which order.")
    {
        CreateList(), CreateShow(), CreateCreate(), CreateChange(), CreateScan(), CreateRoutes(), CreateCalendar(), CreateForecast(),
    };

    private static Command CreateList()
    {
        var state = new Option<string?>("--state") { Description = "open, assigned, started, done or cancelled; unless given, all that are not over." };
        var site = new Option<string?>("--site") { Description = "In this place or below." };
        var assignee = new Option<string?>("--assignee") { Description = "Whose they are." };
        var command = new Command("list", "List work orders, what is due first, first.") { state, site, assignee };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListWorkOrdersAsync(parsed.GetValue(state), parsed.GetValue(site), parsed.GetValue(assignee), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.WorkOrderInfo, "nothing is to be done", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders list --site hq", "strata workorders list --state done -o csv");
    }

    private static Command CreateShow()
    {
        var id = IdArgument();
        var command = new Command("show", "Show one work order with its devices.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).GetWorkOrderAsync(parsed.GetValue(id)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders show 01f3a2b4c5d6");
    }

    private static Command CreateCreate()
    {
        var kind = new Argument<string>("kind") { Description = "replaceBattery, investigate, repair or inspect." };
        var devices = new Argument<string[]>("devices") { Description = "Where.", Arity = ArgumentArity.OneOrMore };
        var due = new Option<DateTimeOffset?>("--due") { Description = "When at the latest; in a week unless given." };
        var assignee = new Option<string?>("--assignee") { Description = "Whose it is." };
        var note = new Option<string?>("--note") { Description = "What there is to know." };
        var command = new Command("create", "Order work; one order for each place.") { kind, devices, due, assignee, note };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var made = await node.Connect(parsed).CreateWorkOrderAsync(
                new CreateWorkOrder(parsed.GetValue(kind)!, parsed.GetValue(devices)!, parsed.GetValue(due), parsed.GetValue(assignee), parsed.GetValue(note)), cancellationToken);
            node.Writer(parsed).List(made.Items, ContractsJson.Default.WorkOrderInfo, "", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders create inspect t-101 t-102 --assignee anna --note 'behind the ceiling'");
    }

    private static Command CreateChange()
    {
        var id = IdArgument();
        var state = new Option<string?>("--state") { Description = "open, assigned, started, done or cancelled." };
        var assignee = new Option<string?>("--assignee") { Description = "Whose it is; '' for nobody's." };
        var due = new Option<DateTimeOffset?>("--due") { Description = "When at the latest." };
        var note = new Option<string?>("--note") { Description = "What there is to know." };
        var window = new Option<string?>("--window") { Description = "The maintenance window that it is put into; '' for none." };
        var part = new Option<string[]>("--part") { Description = "What to bring; may be repeated." };
        var command = new Command("change", "Assign, move, begin or end a work order.") { id, state, assignee, due, note, window, part };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var parts = parsed.GetValue(part) is { Length: > 0 } said ? said : null;
            var change = new ChangeWorkOrder(parsed.GetValue(state), parsed.GetValue(assignee), parsed.GetValue(due), parts, parsed.GetValue(note), parsed.GetValue(window));
            Print(node.Writer(parsed), await node.Connect(parsed).ChangeWorkOrderAsync(parsed.GetValue(id)!, change, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders change 01f3a2b4c5d6 --assignee anna", "strata workorders change 01f3a2b4c5d6 --state done");
    }

    private static Command CreateScan()
    {
        var code = new Argument<string>("code") { Description = "What the device's label says: its id, its serial number, or an address that ends with one." };
        var note = new Option<string?>("--note") { Description = "What there is to know." };
        var command = new Command("scan", "Close what was to be done at a device; a new battery begins its statistics anew.") { code, note };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var done = await node.Connect(parsed).ScanAsync(new ScanDevice(parsed.GetValue(code)!, parsed.GetValue(note)), cancellationToken);
            node.Writer(parsed).One(done, ContractsJson.Default.ScannedDevice,
                new("device", d => d.Device), new("orders", d => string.Join(", ", d.Orders.Select(o => $"{o.Id} {o.State}"))), new("begins anew", d => string.Join(", ", d.Reset)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders scan t-101");
    }

    private static Command CreateRoutes()
    {
        var technicians = new Option<string>("--technicians") { Description = "NAME[:SKILL+SKILL],...; without skills somebody can do everything.", Required = true };
        var day = new Option<string?>("--day") { Description = "As 2026-12-01; today unless given." };
        var minutes = new Option<int?>("--minutes") { Description = "Of one technician's day; 480 unless given." };
        var assign = new Option<bool>("--assign") { Description = "Give the orders to those whose tour they are in." };
        var command = new Command("routes", "Divide a day's orders among technicians; each gets a list in the order of the tour.") { technicians, day, minutes, assign };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var output = node.Writer(parsed);
            var plan = await client.PlanRoutesAsync(parsed.GetValue(technicians)!, Day(parsed.GetValue(day)), parsed.GetValue(minutes), cancellationToken);
            if (parsed.GetValue(assign))
            {
                foreach (var route in plan.Routes)
                    foreach (var stop in route.Stops.Where(s => s.Assignee is null))
                        await client.ChangeWorkOrderAsync(stop.Order, new ChangeWorkOrder(Assignee: route.Technician), cancellationToken);
            }
            if (output.Format == OutputFormat.Json)
                output.One(plan, ContractsJson.Default.RoutePlanInfo);
            else
                PrintRoutes(output, plan);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders routes --technicians anna:battery+diagnosis,ben", "strata workorders routes --technicians anna,ben --day 2026-12-01 --assign");
    }

    private static Command CreateCalendar()
    {
        var assignee = new Option<string?>("--assignee") { Description = "Whose orders." };
        var command = new Command("calendar", "Print orders and windows as an iCalendar; programs subscribe to /api/v1/workorders/calendar.ics.") { assignee };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Writer(parsed).Text.WriteAsync(await node.Connect(parsed).GetCalendarAsync(parsed.GetValue(assignee), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders calendar > work.ics");
    }

    private static Command CreateForecast()
    {
        var site = new Option<string?>("--site") { Description = "This place and below." };
        var command = new Command("forecast", "Failures to be expected in a day, batteries that end, devices likely to fail within a week.") { site };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var forecast = await node.Connect(parsed).GetFleetForecastAsync(parsed.GetValue(site), cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
            {
                output.One(forecast, ContractsJson.Default.FleetForecastInfo);
                return ExitCode.Success;
            }
            output.Note($"of {forecast.Devices} devices {OutputWriter.Number(forecast.PerDay)} fail in a day, {forecast.Low} to {forecast.High} on nine days in ten");
            output.List(forecast.Batteries, ContractsJson.Default.BatteryForecastInfo, "no battery's end is foreseen",
                new("device", b => b.Device), new("site", b => b.Site ?? ""), new("percent", b => OutputWriter.Number(b.Percent), true), new("served on", b => OutputWriter.Time(b.Empty)),
                new("not before", b => OutputWriter.Time(b.Earliest)), new("not after", b => OutputWriter.Time(b.Latest)), new("percent a day", b => OutputWriter.Number(b.PerDay), true));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata workorders forecast --site hq");
    }

    private static void Print(OutputWriter output, WorkOrderInfo order)
    {
        output.One(order, ContractsJson.Default.WorkOrderInfo, [.. Columns, new("parts", o => string.Join(", ", o.Parts)), new("window", o => o.Window ?? ""), new("note", o => o.Note ?? ""), new("made", o => $"{OutputWriter.Time(o.Created)} by {o.CreatedBy}")]);
        if (output.Format != OutputFormat.Table)
            return;
        output.Note("");
        output.List(order.Items, ContractsJson.Default.WorkItemInfo, "",
            new("device", i => i.Device), new("done", i => i.Withdrawn is not null ? "withdrawn" : OutputWriter.Time(i.Done)), new("why", i => i.Detail));
    }

    private static void PrintRoutes(OutputWriter output, RoutePlanInfo plan)
    {
        foreach (var route in plan.Routes)
        {
            output.Text.WriteLine($"{route.Technician}: {route.Stops.Count} stops, {route.WorkMinutes} min of work, {route.WayMinutes} min of way");
            foreach (var stop in route.Stops)
                output.Text.WriteLine($"  {stop.Site ?? "(nowhere)"}  {stop.Title}, {stop.Devices} {(stop.Devices == 1 ? "device" : "devices")}, {stop.Minutes} min  {stop.Order}");
        }
        if (plan.Left.Count > 0)
            output.Text.WriteLine($"left for another day or another skill: {string.Join(", ", plan.Left)}");
    }

    private static DateOnly? Day(string? text) => text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw new CliException(ExitCode.Usage, $"--day is '{text}'; it takes a day as 2026-12-01.");

    private static Argument<string> IdArgument() => new("id") { Description = "The order's, see 'strata workorders list'." };

    private static Column<WorkOrderInfo>[] Columns =>
    [
        new("id", o => o.Id), new("what", o => o.Title), new("state", o => o.State), new("site", o => o.Site ?? ""), new("devices", o => string.Join(", ", o.Items.Where(i => i.Withdrawn is null).Select(i => i.Device))),
        new("due", o => OutputWriter.Time(o.Due)), new("assignee", o => o.Assignee ?? ""),
    ];
}
