using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Edge.Books;
using Strata.Edge.Buffering;
using Strata.Edge.Reduction;
using Strata.Edge.Sources;

namespace Strata.Edge.Tests.Buffering;

/// <summary>An agent's inside dropped without a word at random points and opened again.</summary>
public sealed class CrashTests
{
    private const int Rows = 400;
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task However_often_it_is_dropped_the_stream_and_the_books_are_those_of_one_run(bool canReplay) =>
        Gen.Select(Gen.Int[1, Rows].Array[1, 6], Gen.Int[0, 40].Array[6]).SampleAsync(
            async (crashes, settled) =>
            {
                var (whole, wholeBooks) = await RunAsync([], [], canReplay);
                var (cut, cutBooks) = await RunAsync(crashes, settled, canReplay);
                Assert.Equal(whole, cut);
                Assert.Equal(Describe(wholeBooks), Describe(cutBooks));
            },
            iter: 15, threads: 1);

    [Fact]
    public async Task A_loss_noted_before_a_crash_is_neither_forgotten_nor_counted_twice()
    {
        using var folder = new TemporaryFolder();
        await PumpAsync(folder.Path, null, canReplay: true);
        using (var log = Open(folder.Path))
        {
            var entries = log.TakeToSend(3);
            log.Settle([(entries[0], null), (entries[1], "no"), (entries[2], "no")]);
        }
        var state = Path.Combine(folder.Path, "buffer", "state");
        File.Delete(state); // The log forgets what was settled, as after a power cut; the losses stand in their own file.
        using var again = Open(folder.Path);
        var resent = again.TakeToSend(3);
        Assert.Equal([1, 4, 5], resent.Select(e => e.Number));
        again.Settle([(resent[0], null)]);
        var books = await ReadAsync(again);
        Assert.Equal((0, 0, books.Rejected), (books.Unexplained, books.Dropped, books.Lost));
        Assert.InRange(books.Rejected, 2, 12);
    }

    [Fact]
    public async Task Another_source_in_the_same_folder_starts_at_its_beginning_and_keeps_the_books()
    {
        using var folder = new TemporaryFolder();
        await PumpAsync(folder.Path, null, canReplay: true);
        using var log = AgentLog.Open(folder.Path, new BufferOptions(), "other", 64, time, NullLogger.Instance);
        Assert.Equal((0L, Rows * 6L), (log.Memo.Position.Rows, log.Memo.Books.ReadingsIn));
    }

    private async Task<(List<string> Batches, AgentBooks Books)> RunAsync(int[] crashes, int[] settled, bool canReplay)
    {
        using var folder = new TemporaryFolder();
        var batches = new SortedDictionary<long, string>();
        for (var i = 0; i <= crashes.Length; i++)
        {
            await PumpAsync(folder.Path, i < crashes.Length ? crashes[i] : null, canReplay);
            using var log = Open(folder.Path);
            var entries = log.TakeToSend(i < crashes.Length ? settled[i] + 1 : int.MaxValue);
            foreach (var entry in entries)
            {
                // What is sent again must be what was sent before.
                var text = $"{System.Text.Encoding.UTF8.GetString(Batch.Read(entry.Payload).Payload.Span)} {entry.Readings} {Batch.Read(entry.Payload).Suppressed}";
                if (!batches.TryAdd(entry.Number, text))
                    Assert.Equal(batches[entry.Number], text);
            }
            // Half of what was sent is acknowledged before the next crash.
            log.Settle([.. entries.Take(i < crashes.Length ? entries.Count / 2 : entries.Count).Select(e => (e, (string?)null))]);
            if (i == crashes.Length)
            {
                Assert.Equal(Enumerable.Range(1, batches.Count).Select(n => (long)n), batches.Keys);
                return ([.. batches.Values], await ReadAsync(log));
            }
        }
        throw new InvalidOperationException();
    }

    /// <summary>Runs until the source has ended or given so many samples; then it is dropped, uncommitted work and all.</summary>
    private async Task PumpAsync(string folder, int? crashAfter, bool canReplay)
    {
        using var log = Open(folder);
        var source = new ShortSource(time, canReplay, crashAfter);
        var reducer = new SampleReducer(DeviceId.Parse("room-101"), new ReductionOptions { Immediate = [MetricName.Parse("occupancy")] }, log.Memo);
        var ended = await Record.ExceptionAsync(() => new SamplePump(source, reducer, log, _ => { }).RunAsync(CancellationToken.None));
        Assert.True(ended is null or CrashException, $"{ended}");
    }

    private AgentLog Open(string folder) => AgentLog.Open(folder, new BufferOptions(), "short", 64, time, NullLogger.Instance);

    private static Task<AgentBooks> ReadAsync(AgentLog log) => log.ReadBooksAsync(CancellationToken.None);

    private static string Describe(AgentBooks books) =>
        $"{books with { Source = books.Source with { Metrics = [] } }} {string.Join(' ', books.Source.Metrics)}".Replace($"DiskBytes = {books.DiskBytes}", "", StringComparison.Ordinal);

    private sealed class CrashException : Exception;

    /// <summary>The first rows of the office, in groups of random size, with an end by accident.</summary>
    private sealed class ShortSource(TimeProvider time, bool canReplay, int? crashAfter) : ISampleSource
    {
        private readonly ReplaySource replay = new(new ReplayOptions(Samples.Occupancy) { Map = Samples.Room, Speed = double.PositiveInfinity }, time, NullLogger.Instance);

        public string Key => "short";

        public bool CanReplay => canReplay;

        public long BadRows => 0;

        public async IAsyncEnumerable<Sample> ReadAsync(SourcePosition from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var given = 0;
            await foreach (var sample in replay.ReadAsync(from, cancellationToken))
            {
                if (sample.Next.Rows > Rows)
                    yield break;
                if (given++ == crashAfter)
                    throw new CrashException();
                if (given % 7 == 0)
                    await Task.Yield();
                yield return sample;
            }
        }
    }
}
