using System.Globalization;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Bench.Dataflow;

/// <summary>The occupancy recording as samples of one room.</summary>
internal static class Recording
{
    private static readonly MetricName[] Metrics =
        [MetricName.Parse("temperature"), MetricName.Parse("humidity"), MetricName.Parse("light"), MetricName.Parse("co2"), MetricName.Parse("occupancy")];

    private static readonly int[] Columns = [2, 3, 4, 5, 7];

    /// <summary>One array per row of the file: the readings sampled together.</summary>
    public static List<Reading[]> Read(string path, DeviceId device)
    {
        var rows = new List<Reading[]>();
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var cells = line.Split(',');
            var time = EventTime.From(DateTime.SpecifyKind(DateTime.Parse(cells[1].Trim('"'), CultureInfo.InvariantCulture), DateTimeKind.Utc));
            rows.Add([.. Metrics.Select((m, i) => new Reading(device, m, time, ReadingValue.OfNumber(double.Parse(cells[Columns[i]], CultureInfo.InvariantCulture))))]);
        }
        return rows;
    }
}
