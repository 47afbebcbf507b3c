using CsCheck;
using static Strata.Forwarding.Tests.LogFolder;

namespace Strata.Forwarding.Tests;

/// <summary>Any sequence of appends, sendings, acknowledgements, drops, crashes and openings against a plain list.</summary>
public sealed class ModelTests
{
    private enum Step
    {
        Append,
        Send,
        Acknowledge,
        Reopen,
        TearAndReopen,
    }

    private static readonly Gen<(Step Kind, int A, int B)[]> Steps = Gen.Select(
        Gen.Frequency((6, Gen.Const(Step.Append)), (1, Gen.Const(Step.Send)), (3, Gen.Const(Step.Acknowledge)), (1, Gen.Const(Step.Reopen)), (1, Gen.Const(Step.TearAndReopen))),
        Gen.Int[0, 5], Gen.Int[0, 4000]).Array[1, 60];

    [Theory]
    [InlineData(WhenFull.Refuse)]
    [InlineData(WhenFull.DropOldest)]
    public void The_log_equals_its_model(WhenFull policy) => Steps.Sample(steps => Run(steps, policy), iter: 150);

    private static void Run((Step Kind, int A, int B)[] steps, WhenFull policy)
    {
        using var folder = new LogFolder();
        var model = new Model();
        var log = Open(folder, policy);
        try
        {
            foreach (var (kind, a, b) in steps)
            {
                switch (kind)
                {
                    case Step.Append:
                        Append(log, model, a, b);
                        break;
                    case Step.Send:
                        model.Send(log.OpenAll().Read(1 + a, b));
                        break;
                    case Step.Acknowledge when model.Next > 1:
                        var first = 1 + (b % (model.Next - 1));
                        log.Acknowledge([(first, first + a)]);
                        model.Acknowledge(first, first + a);
                        break;
                    case Step.Reopen:
                        log.Dispose();
                        log = Open(folder, policy);
                        model.Forget();
                        break;
                    case Step.TearAndReopen:
                        log.Dispose();
                        Tear(folder, b);
                        log = Open(folder, policy);
                        model.Forget();
                        break;
                }
                model.Check(log);
            }
        }
        finally
        {
            log.Dispose();
        }
    }

    private static ForwardLog Open(LogFolder folder, WhenFull policy) => folder.Open(64 << 10, policy, segmentBytes: 8 << 10);

    private static void Append(ForwardLog log, Model model, int count, int size)
    {
        var records = Enumerable.Range(0, count).Select(i => Record($"{model.Next + i} {new string('x', size)}", i, model.Next + i)).ToList();
#pragma warning disable VSTHRD002, RS0030 // CsCheck's samples are synchronous.
        var result = log.AppendAsync(records).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002, RS0030
        foreach (var gap in result.Gaps)
            model.Drop(gap);
        if (result.Outcome == AppendOutcome.Appended)
            model.Append(records);
    }

    /// <summary>As after kill -9 in the middle of a write: a piece of an append behind the last whole one.</summary>
    private static void Tear(LogFolder folder, int length)
    {
        using var other = folder.Copy();
        var before = new FileInfo(folder.NewestSegment).Length;
        using (var log = other.Open())
        {
#pragma warning disable VSTHRD002, RS0030
            log.AppendAsync([Record("torn"), Record(new string('y', 4000))]).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002, RS0030
        }
        if (Path.GetFileName(other.NewestSegment) != Path.GetFileName(folder.NewestSegment))
            return;
        var written = File.ReadAllBytes(other.NewestSegment)[(int)before..];
        using var file = new FileStream(folder.NewestSegment, FileMode.Append);
        file.Write(written, 0, Math.Min(length, written.Length - 1));
    }

    private sealed class Model
    {
        private readonly SortedDictionary<long, (string Text, int Readings)> waiting = [];
        private readonly HashSet<long> sent = [];
        private long appended;
        private long lost;
        private long acknowledged;

        public long Next { get; private set; } = 1;

        public void Append(List<ForwardRecord> records)
        {
            foreach (var record in records)
            {
                waiting[Next++] = (System.Text.Encoding.UTF8.GetString(record.Payload.Span), record.Readings);
                appended += record.Readings;
            }
        }

        public void Send(IReadOnlyList<ForwardEntry> entries) => sent.UnionWith(entries.Select(e => e.Number));

        /// <summary>Another process does not know what was sent.</summary>
        public void Forget() => sent.Clear();

        public void Acknowledge(long first, long last)
        {
            for (var n = first; n <= last; n++)
            {
                if (waiting.Remove(n, out var record))
                    acknowledged += record.Readings;
            }
        }

        public void Drop(ForwardGap gap)
        {
            long readings = 0;
            for (var n = gap.First; n <= gap.Last; n++)
            {
                Assert.True(waiting.Remove(n, out var record), $"{n} was dropped but did not wait");
                Assert.DoesNotContain(n, sent);
                readings += record.Readings;
            }
            Assert.Equal(readings, gap.Readings);
            lost += readings;
        }

        public void Check(ForwardLog log)
        {
            Assert.Equal(Next, log.Next);
            Assert.Equal(waiting.Select(w => (w.Key, w.Value.Text)), All(log));
            var status = log.Status;
            Assert.Equal((waiting.Count, waiting.Sum(w => (long)w.Value.Readings)), (status.Waiting.Records, status.Waiting.Readings));
            Assert.Equal((appended, lost, acknowledged), (status.Appended.Readings, status.Lost.Readings, status.Acknowledged.Readings));
            Assert.True(status.DiskBytes <= 64 << 10, $"{status.DiskBytes} bytes on disk");
            Assert.Empty(log.Opening.Gaps);
        }
    }
}
