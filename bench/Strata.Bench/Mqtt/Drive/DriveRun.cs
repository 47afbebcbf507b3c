using System.Diagnostics;
using System.Globalization;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>Warm-up, measured part, and the wait for what is under way.</summary>
internal sealed class DriveRun(DriveOptions options, DriveCounts counts, Poller poller, List<Publisher> publishers)
{
    private readonly Storm storm = new(options, counts, poller);
    private readonly long started = Stopwatch.GetTimestamp();
    private long paced;
    private long written;
    private long deliveredBefore;
    private long quietSince = Stopwatch.GetTimestamp();
    private int turn;

    /// <param name="patience">For the last deliveries.</param>
    public DriveResult Run(TimeSpan patience)
    {
        Begin();
        if (options.Messages == 0)
            Until(options.WarmUp);
        counts.Latency.Clear();
        var before = Mark();
        if (options.Messages == 0)
            Until(options.WarmUp + options.Duration);
        else
            UntilDone();
        var after = Mark();
        var (p50, p99, p999) = (counts.Latency.Milliseconds(0.5), counts.Latency.Milliseconds(0.99), counts.Latency.Milliseconds(0.999));
        publishers.ForEach(static publisher => publisher.GoesOn = false);
        var end = Stopwatch.GetTimestamp();
        var copies = options.Away || options.Subscribers == 0 ? 0 : options.Copies;
        while (Stopwatch.GetElapsedTime(end) < patience && (counts.Delivered < counts.Published * copies || (options.QoS > 0 && counts.Acknowledged < counts.Published)))
            poller.Turn(10);
        return new DriveResult(
            Stopwatch.GetElapsedTime(before.At, after.At).TotalSeconds, after.Published - before.Published, after.Acknowledged - before.Acknowledged,
            after.Delivered - before.Delivered, after.Server - before.Server, after.Own - before.Own, p50, p99, p999,
            counts.Published, counts.Acknowledged, counts.Delivered, (counts.Published * copies) - counts.Delivered,
            after.Connected - before.Connected, counts.Refused);
    }

    /// <summary>Processor seconds of a process, from the kernel.</summary>
    public static double ProcessorSeconds(int process)
    {
        if (process == 0)
            return 0;
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private void Begin()
    {
        if (options.Rate > 0 || options.QoS == 0)
            return;
        foreach (var publisher in publishers)
        {
            publisher.GoesOn = options.Messages == 0;
            if (options.Messages == 0)
                publisher.Publish(publisher.Room, poller);
        }
    }

    private void Until(TimeSpan time)
    {
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            storm.Refill();
            if (publishers.Count > 0 && options.Rate > 0)
                Pace();
            else if (publishers.Count > 0 && options.QoS == 0)
                Refill();
            poller.Turn(options.Rate > 0 ? 1 : 50);
        }
    }

    /// <summary>A given number of messages.</summary>
    private void UntilDone()
    {
        while (counts.Acknowledged < options.Messages)
        {
            foreach (var publisher in publishers)
            {
                var count = (int)Math.Min(publisher.Room, options.Messages - counts.Published);
                if (count > 0)
                    publisher.Publish(count, poller);
            }

            poller.Turn(50);
        }
    }

    private void Pace()
    {
        var due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * options.Rate) - paced;
        for (; due > 0; due--)
        {
            var publisher = publishers[turn++ % publishers.Count];
            paced++;
            if (publisher.Room > 0)
                publisher.Publish(1, poller);
        }
    }

    /// <summary>QoS 0 has no answer: as many messages are under way as the window says, by what was delivered; what was lost is forgotten after a while.</summary>
    private void Refill()
    {
        var now = Stopwatch.GetTimestamp();
        if (counts.Delivered != deliveredBefore)
            (deliveredBefore, quietSince) = (counts.Delivered, now);
        else if (Stopwatch.GetElapsedTime(quietSince, now) > TimeSpan.FromMilliseconds(500))
            (written, quietSince) = (counts.Delivered / options.Copies, now);
        var room = (int)((counts.Delivered / options.Copies) + options.Window - written);
        if (room <= 0)
            return;
        written += room;
        for (; room > 0; room--)
            publishers[turn++ % publishers.Count].Publish(1, poller);
    }

    private Moment Mark() => new(
        Stopwatch.GetTimestamp(), counts.Published, counts.Acknowledged, counts.Delivered, counts.Connected, ProcessorSeconds(options.Server), ProcessorSeconds(Environment.ProcessId));

    private readonly record struct Moment(long At, long Published, long Acknowledged, long Delivered, long Connected, double Server, double Own);
}
