using System.Runtime.CompilerServices;
using Strata.Core.Telemetry;

namespace Strata.Edge.Sources;

/// <summary>
/// This machine as a device: <c>cpu</c> (% busy), <c>load</c> (1 min mean of runnable tasks, % of the processors), <c>memory</c> (% in use), <c>temperature</c> (degC, the
/// warmest sensor, when there is one), <c>disk</c> (% of the data folder's file system), <c>disk.read</c>, <c>disk.written</c>, <c>network.received</c> and
/// <c>network.sent</c> (bytes/s). What the machine does not tell is left out.
/// </summary>
/// <param name="folder">A folder on the file system that is looked at.</param>
/// <param name="root">Where <c>/proc</c> and <c>/sys</c> are found; another one in tests.</param>
internal sealed class HostSource(HostOptions options, string folder, TimeProvider time, string root = "/") : ISampleSource
{
    private readonly HostProbe probe = new(root, folder);

    public string Key => "host";

    public bool CanReplay => false;

    public long BadRows => 0;

    public async IAsyncEnumerable<Sample> ReadAsync(SourcePosition from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ticks = new PeriodicTimer(options.Interval, time);
        var before = (Counters: probe.ReadCounters(), At: time.GetTimestamp());
        for (var rows = from.Rows + 1; await ticks.WaitForNextTickAsync(cancellationToken); rows++)
        {
            var now = (Counters: probe.ReadCounters(), At: time.GetTimestamp());
            var values = probe.Measure(before.Counters, now.Counters, time.GetElapsedTime(before.At, now.At));
            before = now;
            var at = time.GetUtcNow().ToUnixTimeMilliseconds();
            if (values.Count > 0)
                yield return new Sample(EventTime.FromMilliseconds(at), at, new SourcePosition(rows, 0, 0), values);
        }
    }
}
