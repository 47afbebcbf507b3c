using System.Globalization;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Report;

namespace Strata.Cloud.Health.Work;

/// <summary>Work orders for spreadsheets: a line for each device.</summary>
internal static class WorkCsv
{
    public static string Write(IReadOnlyList<WorkOrderInfo> orders)
    {
        var text = new StringBuilder();
        CsvText.Line(text, ["order", "kind", "state", "site", "due", "assignee", "window", "parts", "device", "detail", "done"]);
        foreach (var order in orders)
        {
            foreach (var item in order.Items)
            {
                CsvText.Line(text,
                [
                    order.Id, order.Kind, order.State, order.Site, Time(order.Due), order.Assignee, order.Window, string.Join("; ", order.Parts), item.Device, item.Detail,
                    item.Withdrawn is { } withdrawn ? $"withdrawn {Time(withdrawn)}" : item.Done is { } done ? Time(done) : "",
                ]);
            }
        }
        return text.ToString();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
