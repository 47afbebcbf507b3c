using static Strata.Forwarding.Tests.LogFolder;

namespace Strata.Forwarding.Tests;

/// <summary>What a log does with files that a crash, a disk or a hand has changed.</summary>
public sealed class DamageTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Truncation_at_any_byte_leaves_whole_appends_and_a_log_that_goes_on()
    {
        using var folder = new LogFolder();
        int[] groups = [1, 3, 2, 1, 4];
        var ends = new List<long>();
        using (var log = folder.Open())
        {
            var text = 0;
            foreach (var size in groups)
            {
                await log.AppendAsync([.. Enumerable.Range(0, size).Select(_ => Record($"record {text++}"))], BitConverter.GetBytes(text), Stop);
                ends.Add(new FileInfo(folder.NewestSegment).Length);
            }
        }
        for (var cut = ends[^1]; cut >= 0; cut--)
        {
            using var copy = folder.Copy();
            using (var file = new FileStream(copy.NewestSegment, FileMode.Open))
                file.SetLength(cut);
            using var log = copy.Open();
            var whole = ends.Count(e => e <= cut);
            var expected = Enumerable.Range(1, groups.Take(whole).Sum()).Select(n => ((long)n, $"record {n - 1}"));
            Assert.Equal(expected, All(log));
            Assert.Equal(groups.Take(whole).Sum(), log.Memo is { } memo ? BitConverter.ToInt32(memo.Span) : 0);
            Assert.Empty(log.Opening.Gaps);
            var next = await log.AppendAsync([Record("next")], cancellationToken: Stop);
            Assert.Equal(groups.Take(whole).Sum() + 1, next.First);
        }
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_never_served_and_never_frees_a_number()
    {
        using var folder = new LogFolder();
        using (var log = folder.Open())
        {
            for (var i = 1; i <= 6; i += 2)
                await log.AppendAsync([Record($"record {i}", 2), Record($"record {i + 1}", 2)], cancellationToken: Stop);
        }
        var length = new FileInfo(folder.NewestSegment).Length;
        for (var at = 0; at < length; at++)
        {
            using var copy = folder.Copy();
            Flip(copy.NewestSegment, at, (byte)(1 << (at % 8)));
            using var log = copy.Open(tellGaps: true);
            var served = All(log).ToList();
            var gaps = log.Opening.Gaps;
            var expected = Enumerable.Range(1, 6).Where(n => !gaps.Any(g => g.First <= n && n <= g.Last)).Select(n => ((long)n, $"record {n}"));
            Assert.Equal(expected, served);
            Assert.Equal(at < SegmentHeader.Size ? 0 : 1, gaps.Sum(g => g.Last - g.First + 1));
            Assert.Equal(7, log.Next);
            Assert.NotEmpty(log.Opening.Notes);
            if (at >= SegmentHeader.Size && gaps[0].Last < 6)
                Assert.Equal(2, gaps[0].Readings);
        }
    }

    [Fact]
    public async Task Damage_while_open_is_found_when_the_record_is_to_be_sent()
    {
        using var folder = new LogFolder();
        using var log = folder.Open(tellGaps: true);
        await log.AppendAsync([Record("first"), Record("second", 5), Record("third")], cancellationToken: Stop);
        Flip(folder.NewestSegment, SegmentHeader.Size + (2 * RecordHeader.Size) + "first".Length + 2, 1);
        Assert.Equal([(1L, "first"), (3L, "third")], All(log));
        Assert.Equal(new ForwardCount(1, 5, 0), log.Status.Lost);
        await log.AppendAsync([], cancellationToken: Stop);
        Assert.Contains((4L, "gap 2-2 5"), All(log));
        log.Acknowledge([(1, 3)]);
        Assert.Equal(2, log.Lowest);
        log.Acknowledge([(4, 4)]);
        Assert.Equal(5, log.Lowest);
        Assert.Equal(default, log.Status.Waiting);
    }

    [Fact]
    public async Task A_lost_state_file_sends_again_but_numbers_go_on()
    {
        using var folder = new LogFolder();
        using (var log = folder.Open())
        {
            await log.AppendAsync([Record("a"), Record("b")], cancellationToken: Stop);
            log.Acknowledge([(1, 2)]);
        }
        Flip(Path.Combine(folder.Folder, "state"), 30, 1);
        using var again = folder.Open();
        Assert.True(again.Opening.StateLost);
        Assert.Equal(3, again.Next);
        Assert.Equal(2, All(again).Count);
    }

    [Fact]
    public async Task A_damaged_stream_file_is_no_loss()
    {
        using var folder = new LogFolder();
        string stream;
        using (var log = folder.Open())
        {
            stream = log.Stream;
            await log.AppendAsync([Record("a")], cancellationToken: Stop);
        }
        Flip(Path.Combine(folder.Folder, "stream"), 3, 4);
        using var again = folder.Open();
        Assert.Equal(stream, again.Stream);
        Assert.Single(All(again));
    }

    [Fact]
    public async Task A_missing_segment_is_a_gap_with_its_readings()
    {
        using var folder = new LogFolder();
        using (var log = folder.Open(segmentBytes: 4 << 10))
        {
            for (var i = 1; i <= 12; i++)
                await log.AppendAsync([Record(new string('x', 1000), 7)], cancellationToken: Stop);
        }
        var segments = Directory.GetFiles(folder.Folder, "*.seg").Order(StringComparer.Ordinal).ToList();
        File.Delete(segments[1]);
        using var again = folder.Open();
        var gap = Assert.Single(again.Opening.Gaps);
        Assert.Equal((4L, 6L, 21L), (gap.First, gap.Last, gap.Readings));
        Assert.Equal(9, All(again).Count);
    }

    [Fact]
    public async Task A_payload_that_looks_like_a_record_is_not_taken_for_one()
    {
        using var folder = new LogFolder();
        using var other = new LogFolder();
        byte[] forged;
        using (var log = other.Open())
        {
            await log.AppendAsync([.. Enumerable.Range(0, 3).Select(i => Record($"forged {i}"))], cancellationToken: Stop);
            forged = (await File.ReadAllBytesAsync(other.NewestSegment, Stop))[SegmentHeader.Size..];
        }
        using (var log = folder.Open())
            await log.AppendAsync([Record("a"), new ForwardRecord(forged), Record("c")], cancellationToken: Stop);
        Flip(folder.NewestSegment, SegmentHeader.Size + RecordHeader.Size + 1 + 8, 1);
        using var again = folder.Open();
        Assert.Equal([(1L, "a"), (3L, "c")], All(again));
    }

    internal static void Flip(string path, long at, byte bit)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.Position = at;
        var value = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(value ^ bit));
    }
}
