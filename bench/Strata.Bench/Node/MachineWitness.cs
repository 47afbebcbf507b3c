using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Strata.Bench.Node;

/// <summary>
/// Tells when the machine itself is slow: about every millisecond a thread follows 500 pointers through 1 MB and takes the processor time of that, which other programs on its core do not lengthen.
/// On a virtual machine whose host takes its page tables away, everything takes several times longer for tens of milliseconds, on all cores at once and without stolen time; a percentile measured across such stretches says nothing of what was measured.
/// </summary>
internal sealed class MachineWitness : IDisposable
{
    private const int Lines = 1024 * 1024 / 64;
    private const int LongsInLine = 8;
    private const int Hops = 500;

    /// <summary>A look that takes this many times the median is slow; two in a row are a stretch.</summary>
    private const double SlowTimes = 1.8;
    private const int InARow = 2;

    /// <summary>What waited in a stretch is still worked off for so long after it.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromMilliseconds(20);

    private readonly long[] _next = Ring();
    private readonly List<(long At, long Nanoseconds)> _looks = [];
    private readonly Thread _thread;
    private readonly ManualResetEvent _stopped = new(false);

    public MachineWitness()
    {
        _thread = new Thread(Look) { IsBackground = true, Name = "witness" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stopped.Set();
        _thread.Join();
    }

    /// <summary>The stretches that were seen, as timestamps of <see cref="Stopwatch"/>; call it after <see cref="Dispose"/>.</summary>
    public Stretches Seen()
    {
        if (_looks.Count == 0)
            return new Stretches([], 0);
        var slow = _looks.Select(l => l.Nanoseconds).Order().ElementAt(_looks.Count / 2) * SlowTimes;
        var found = new List<(long From, long To)>();
        for (var first = 0; first < _looks.Count;)
        {
            var last = first;
            while (last < _looks.Count && _looks[last].Nanoseconds > slow)
                last++;
            if (last - first >= InARow)
                found.Add((_looks[first].At, _looks[last - 1].At + (long)(Drain.TotalSeconds * Stopwatch.Frequency)));
            first = Math.Max(last, first + 1);
        }
        return new Stretches(found, _looks[^1].At - _looks[0].At);
    }

    private void Look()
    {
        var at = 0L;
        do
        {
            var began = (Stopwatch.GetTimestamp(), Cpu: ThreadTime());
            for (var hop = 0; hop < Hops; hop++)
                at = _next[at];
            _looks.Add((began.Item1, ThreadTime() - began.Cpu));
        }
        while (!_stopped.WaitOne(1));
        GC.KeepAlive(at);
    }

    /// <summary>A ring through all lines in an order that no prefetcher guesses, the same in each run.</summary>
    private static long[] Ring()
    {
        var order = Enumerable.Range(0, Lines).ToArray();
        new Random(1).Shuffle(order);
        var next = new long[Lines * LongsInLine];
        for (var i = 0; i < Lines; i++)
            next[order[i] * LongsInLine] = order[(i + 1) % Lines] * LongsInLine;
        return next;
    }

    private static long ThreadTime() => Clock(3, out var time) == 0 ? (time.Seconds * 1_000_000_000) + time.Nanoseconds : throw new InvalidOperationException("This machine has no clock of a thread's processor time.");

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int Clock(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    internal sealed record Stretches(IReadOnlyList<(long From, long To)> Slow, long Watched)
    {
        /// <summary>Part of the time watched that was slow, or still worked off what waited.</summary>
        public double Share => Watched == 0 ? 0 : (double)Slow.Sum(s => s.To - s.From) / Watched;

        public bool Touch(long from, long to) => Slow.Any(s => from <= s.To && s.From <= to);
    }
}
