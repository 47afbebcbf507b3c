using System.Diagnostics;
using Strata.Bench.Mqtt.Drive;

namespace Strata.Bench.Node;

/// <summary>
/// Tells when the machine itself is slow: about every millisecond a thread follows 500 pointers through 1 MB and takes the processor time of that, which other programs on its core do not lengthen.
/// On some virtual machines everything that touches memory takes several times longer for tens of milliseconds, on all cores at once and without stolen time; a percentile measured across such stretches says nothing of what was measured.
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

    private readonly long[] next = Ring();
    private readonly List<(long At, long Nanoseconds)> looks = [];
    private readonly Thread thread;
    private readonly ManualResetEvent stopped = new(false);

    public MachineWitness()
    {
        thread = new Thread(Look) { IsBackground = true, Name = "witness" };
        thread.Start();
    }

    public void Dispose()
    {
        stopped.Set();
        thread.Join();
        stopped.Dispose();
    }

    /// <summary>The stretches that were seen, as timestamps of <see cref="Stopwatch"/>; call it after <see cref="Dispose"/>.</summary>
    public Stretches Seen()
    {
        if (looks.Count == 0)
            return new Stretches([], 0);
        var slow = looks.Select(l => l.Nanoseconds).Order().ElementAt(looks.Count / 2) * SlowTimes;
        var found = new List<(long From, long To)>();
        for (var first = 0; first < looks.Count;)
        {
            var last = first;
            while (last < looks.Count && looks[last].Nanoseconds > slow)
                last++;
            if (last - first >= InARow)
                Add(found, looks[first].At, looks[last - 1].At + (long)(Drain.TotalSeconds * Stopwatch.Frequency));
            first = Math.Max(last, first + 1);
        }
        return new Stretches(found, looks[^1].At - looks[0].At);
    }

    /// <summary>What begins before the one before it is worked off is one with it.</summary>
    private static void Add(List<(long From, long To)> found, long from, long to)
    {
        if (found.Count > 0 && found[^1].To >= from)
            found[^1] = (found[^1].From, to);
        else
            found.Add((from, to));
    }

    private void Look()
    {
        var at = 0L;
        do
        {
            var (began, used) = (Stopwatch.GetTimestamp(), LibC.ThreadTime());
            for (var hop = 0; hop < Hops; hop++)
                at = next[at];
            looks.Add((began, LibC.ThreadTime() - used));
        }
        while (!stopped.WaitOne(1));
        GC.KeepAlive(at);
    }

    /// <summary>A ring through all lines in an order that no prefetcher guesses, the same in each run.</summary>
    private static long[] Ring()
    {
        var order = Enumerable.Range(0, Lines).ToArray();
        new Random(1).Shuffle(order);
        var ring = new long[Lines * LongsInLine];
        for (var i = 0; i < Lines; i++)
            ring[order[i] * LongsInLine] = order[(i + 1) % Lines] * LongsInLine;
        return ring;
    }

    internal sealed record Stretches(IReadOnlyList<(long From, long To)> Slow, long Watched)
    {
        /// <summary>Part of the time watched that was slow, or still worked off what waited.</summary>
        public double Share => Watched == 0 ? 0 : (double)Slow.Sum(s => s.To - s.From) / Watched;

        public bool Touch(long from, long to) => Slow.Any(s => from <= s.To && s.From <= to);
    }
}
