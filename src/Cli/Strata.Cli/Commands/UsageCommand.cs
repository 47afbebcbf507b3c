using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata usage</c>: what a tenant used.</summary>
internal static class UsageCommand
{
    public static Command Create()
    {
        var from = new Option<string?>("--from") { Description = "Start, ISO 8601 or milliseconds; the start of this month unless said. Counted are whole hours." };
        var to = new Option<string?>("--to") { Description = "End, not included; now unless said." };
        var every = new Option<string?>("--every") { Description = "hour, day or month: a row each. Else the sum." };
        var byClass = new Option<bool>("--by-class") { Description = "Keep the classes of devices (their models) apart." };
        var command = new Command("usage", "What a tenant used: messages, bytes, readings, API calls, devices, connections, storage.") { from, to, every, byClass };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var usage = await node.Connect(parsed).GetUsageAsync(parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(every), parsed.GetValue(byClass), cancellationToken);
            var output = node.Writer(parsed);
            if (usage.Periods is { } periods && output.Format != OutputFormat.Json)
                output.List(periods, null!, "nothing was used", Periods);
            else
                output.One(usage, ContractsJson.Default.UsageInfo, Sum);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata usage --tenant acme", "strata usage --tenant acme --from 2026-11-01 --to 2026-12-01 --every day", "strata usage --by-class -o json");
    }

    private static Column<UsageInfo>[] Sum =>
    [
        new("tenant", u => u.Tenant), new("from", u => Time(u.From)), new("to", u => Time(u.To)), new("messages in", u => Number(u.MessagesIn)), new("bytes in", u => Number(u.BytesIn)),
        new("messages out", u => Number(u.MessagesOut)), new("bytes out", u => Number(u.BytesOut)), new("readings stored", u => Number(u.ReadingsStored)),
        new("bytes stored", u => Number(u.BytesStored)), new("api calls", u => Number(u.ApiCalls)), new("devices", u => Number(u.Devices)),
        new("connections", u => Number(u.Connections)), new("storage bytes", u => Number(u.StorageBytes)),
    ];

    private static Column<UsagePeriodInfo>[] Periods =>
    [
        new("start", u => Time(u.Start)), new("class", u => u.DeviceClass ?? ""), new("messages in", u => Number(u.MessagesIn), true), new("bytes in", u => Number(u.BytesIn), true),
        new("messages out", u => Number(u.MessagesOut), true), new("bytes out", u => Number(u.BytesOut), true), new("readings stored", u => Number(u.ReadingsStored), true),
        new("bytes stored", u => Number(u.BytesStored), true), new("api calls", u => Number(u.ApiCalls), true), new("devices", u => Number(u.Devices), true),
        new("connections", u => Number(u.Connections), true), new("storage bytes", u => Number(u.StorageBytes), true),
    ];

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
