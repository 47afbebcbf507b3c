using System.Globalization;
using Strata.Core.Telemetry;

namespace Strata.Edge.Sources;

/// <summary>Counters of the kernel that only grow; null where the machine does not tell.</summary>
internal readonly record struct HostCounters(long? CpuBusy, long? CpuTotal, long? DiskRead, long? DiskWritten, long? Received, long? Sent);

/// <summary>Reads what /proc and /sys tell of a machine.</summary>
internal sealed class HostProbe(string root, string folder)
{
    private const int SectorBytes = 512;

    public HostCounters ReadCounters()
    {
        var cpu = ReadCpu();
        var disk = SumLines("proc/diskstats", IsWholeDisk, 5, 9);
        var network = SumLines("proc/net/dev", fields => fields[0].EndsWith(':') && fields[0] != "lo:", 1, 9);
        return new HostCounters(cpu?.Busy, cpu?.Total, disk?.A * SectorBytes, disk?.B * SectorBytes, network?.A, network?.B);
    }

    public IReadOnlyList<Measurement> Measure(in HostCounters before, in HostCounters now, TimeSpan elapsed)
    {
        var values = new List<Measurement>(9);
        var ticks = now.CpuTotal - before.CpuTotal;
        Add(values, "cpu", ticks > 0 ? Math.Clamp(100.0 * (now.CpuBusy - before.CpuBusy)!.Value / ticks.Value, 0, 100) : null, 1);
        Add(values, "load", ReadLoad(), 1);
        Add(values, "memory", ReadMemory(), 1);
        Add(values, "temperature", ReadTemperature(), 1);
        Add(values, "disk", ReadDisk(), 1);
        Add(values, "disk.read", Rate(before.DiskRead, now.DiskRead, elapsed), 0);
        Add(values, "disk.written", Rate(before.DiskWritten, now.DiskWritten, elapsed), 0);
        Add(values, "network.received", Rate(before.Received, now.Received, elapsed), 0);
        Add(values, "network.sent", Rate(before.Sent, now.Sent, elapsed), 0);
        return values;
    }

    private static void Add(List<Measurement> values, string metric, double? value, int digits)
    {
        if (value is { } number && double.IsFinite(number))
            values.Add(new Measurement(MetricName.Parse(metric), ReadingValue.OfNumber(Math.Round(number, digits))));
    }

    /// <summary>A counter that went back (a device was unplugged) tells nothing.</summary>
    private static double? Rate(long? before, long? now, TimeSpan elapsed) =>
        now >= before && elapsed > TimeSpan.Zero ? (now - before) / elapsed.TotalSeconds : null;

    /// <summary>Disks, not their partitions nor what is stacked on them, so that nothing counts twice.</summary>
    private static bool IsWholeDisk(string[] fields) =>
        fields.Length > 9 && (fields[2].StartsWith("nvme", StringComparison.Ordinal) || fields[2].StartsWith("mmcblk", StringComparison.Ordinal)
            ? !fields[2].Contains('p', StringComparison.Ordinal)
            : (fields[2].StartsWith("sd", StringComparison.Ordinal) || fields[2].StartsWith("vd", StringComparison.Ordinal) || fields[2].StartsWith("hd", StringComparison.Ordinal)
                || fields[2].StartsWith("xvd", StringComparison.Ordinal)) && !char.IsAsciiDigit(fields[2][^1]));

    private (long Busy, long Total)? ReadCpu()
    {
        var fields = Lines("proc/stat").FirstOrDefault(f => f[0] == "cpu");
        if (fields is null || fields.Length < 6)
            return null;
        // Guest time is in user time already; idle and waiting for the disk are not busy.
        var ticks = fields.Skip(1).Take(8).Select(f => Number(f) ?? 0).ToArray();
        var total = ticks.Sum();
        return (total - ticks[3] - ticks[4], total);
    }

    private double? ReadLoad() =>
        Lines("proc/loadavg").FirstOrDefault() is { Length: > 0 } fields && double.TryParse(fields[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var mean)
            ? 100 * mean / Environment.ProcessorCount
            : null;

    private double? ReadMemory()
    {
        var fields = Lines("proc/meminfo").ToLookup(f => f[0], f => f.Length > 1 ? Number(f[1]) : null);
        var (total, free) = (fields["MemTotal:"].FirstOrDefault(), fields["MemAvailable:"].FirstOrDefault());
        return total > 0 && free is not null ? 100.0 * (total - free) / total : null;
    }

    private double? ReadTemperature()
    {
        var zones = Path.Combine(root, "sys/class/thermal");
        if (!Directory.Exists(zones))
            return null;
        return Directory.EnumerateDirectories(zones, "thermal_zone*")
            .Select(zone => Lines(Path.Combine(zone, "temp")).FirstOrDefault()?[0] is { } text && Number(text) is { } thousandths ? thousandths / 1000.0 : (double?)null)
            .Where(t => t is > -60 and < 200)
            .Max();
    }

    private double? ReadDisk()
    {
        var drive = new DriveInfo(folder);
        return drive.TotalSize > 0 ? 100.0 * (drive.TotalSize - drive.AvailableFreeSpace) / drive.TotalSize : null;
    }

    private (long A, long B)? SumLines(string path, Func<string[], bool> counts, int a, int b)
    {
        var lines = Lines(path).Where(f => f.Length > b && counts(f)).ToList();
        return lines.Count == 0 ? null : (lines.Sum(f => Number(f[a]) ?? 0), lines.Sum(f => Number(f[b]) ?? 0));
    }

    /// <summary>The lines of a file, cut at blanks; none when it cannot be read.</summary>
    private IEnumerable<string[]> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(root, path)).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length > 0);
        }
        catch (Exception reason) when (reason is IOException or UnauthorizedAccessException)
        {
            return []; // A container or an old kernel tells less; the metric is left out.
        }
    }

    private static long? Number(string text) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
}
