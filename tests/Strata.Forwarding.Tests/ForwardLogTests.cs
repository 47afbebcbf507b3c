using static Strata.Forwarding.Tests.LogFolder;

namespace Strata.Forwarding.Tests;

public sealed class ForwardLogTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_are_numbered_from_1_and_given_out_until_acknowledged()
    {
        using var folder = new LogFolder();
        using var log = folder.Open();
        var result = await log.AppendAsync([Record("a"), Record("b", 2), Record("c", 3)], cancellationToken: Stop);
        Assert.Equal((AppendOutcome.Appended, 1L, 3L), (result.Outcome, result.First, result.Last));
        Assert.Equal(2, log.Acknowledge([(1, 1), (3, 3)]));
        Assert.Equal([(2L, "b")], All(log));
        Assert.Equal(new ForwardCount(1, 2, 1), log.Status.Waiting);
        Assert.Equal(new ForwardCount(2, 4, 2), log.Status.Acknowledged);
        Assert.Equal(2, log.Lowest);
        Assert.Equal(0, log.Acknowledge([(1, 3), (90, 99)]) - 1);
        Assert.Equal(4, log.Lowest);
    }

    [Fact]
    public async Task A_reopened_log_goes_on_with_stream_numbers_cursor_memo_and_books()
    {
        using var folder = new LogFolder();
        string stream;
        using (var log = folder.Open(segmentBytes: 4 << 10, maxBytes: 64 << 10))
        {
            stream = log.Stream;
            for (var i = 1; i <= 100; i++)
                await log.AppendAsync([Record(new string('x', 100), 2, i, tag: 1)], memo: BitConverter.GetBytes(i), cancellationToken: Stop);
            log.Acknowledge([(1, 90)]);
            Assert.True(Directory.GetFiles(folder.Folder, "*.seg").Length < 6, "acknowledged segments were not deleted");
        }
        using var again = folder.Open();
        Assert.Equal((stream, 101L, 100L, 91L), (again.Stream, again.Next, again.Cursor, again.Lowest));
        Assert.Equal(100, BitConverter.ToInt32(again.Memo!.Value.Span));
        Assert.Equal(new ForwardCount(100, 200, 10_000), again.StatusOf(1).Appended);
        Assert.Equal(new ForwardCount(10, 20, 1000), again.StatusOf(1).Waiting);
        Assert.Empty(again.Opening.Notes);
    }

    [Fact]
    public async Task A_log_that_is_all_acknowledged_keeps_its_numbers()
    {
        using var folder = new LogFolder();
        using (var log = folder.Open())
        {
            await log.AppendAsync([Record("a"), Record("b")], cancellationToken: Stop);
            log.Acknowledge([(1, 2)]);
        }
        using var again = folder.Open();
        Assert.Equal((3L, 3L), (again.Next, again.Lowest));
        Assert.Empty(All(again));
    }

    [Fact]
    public async Task A_second_process_is_refused()
    {
        using var folder = new LogFolder();
        using var log = folder.Open();
        var e = Assert.Throws<IOException>(() => folder.Open());
        Assert.Contains("in use by another process", e.Message, StringComparison.Ordinal);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Files_are_readable_by_their_owner_only()
    {
        using var folder = new LogFolder();
        using var log = folder.Open();
        await log.AppendAsync([Record("a")], cancellationToken: Stop);
        log.Acknowledge([(1, 1)]);
        foreach (var file in Directory.GetFiles(folder.Folder))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task A_full_log_that_refuses_takes_nothing_and_goes_on_after_acknowledgements()
    {
        using var folder = new LogFolder();
        using var log = folder.Open(maxBytes: 64 << 10);
        AppendResult result;
        do
            result = await log.AppendAsync([Record(new string('x', 1000))], cancellationToken: Stop);
        while (result.Outcome == AppendOutcome.Appended);
        Assert.Equal(AppendOutcome.Full, result.Outcome);
        var waiting = log.Status.Waiting.Records;
        Assert.InRange(waiting, 50, 64);
        Assert.True(log.Status.DiskBytes <= 64 << 10);
        log.Acknowledge([(1, waiting / 2)]);
        Assert.Equal(AppendOutcome.Appended, (await log.AppendAsync([Record("y")], cancellationToken: Stop)).Outcome);
        Assert.Equal(0, log.Status.Lost.Records);
    }

    [Fact]
    public async Task A_full_log_that_drops_says_each_loss_once_as_a_record_and_keeps_it_across_reopening()
    {
        using var folder = new LogFolder();
        var dropped = new List<ForwardGap>();
        using (var log = folder.Open(maxBytes: 64 << 10, whenFull: WhenFull.DropOldest, tellGaps: true))
        {
            for (var i = 1; i <= 200; i++)
                dropped.AddRange((await log.AppendAsync([Record(new string('x', 1000), 3, i)], cancellationToken: Stop)).Gaps);
        }
        using var again = folder.Open(maxBytes: 64 << 10, whenFull: WhenFull.DropOldest, tellGaps: true);
        var status = again.Status;
        Assert.Equal(600, status.Waiting.Readings + status.Lost.Readings);
        Assert.Equal(status.Lost.Readings, dropped.Sum(g => g.Readings));
        var told = All(again).Where(e => e.Text.StartsWith("gap", StringComparison.Ordinal)).Select(e => e.Text.Split(' ', '-')).ToList();
        Assert.Equal(status.Lost.Readings, told.Sum(t => long.Parse(t[3])));
        Assert.Equal(1, again.Lowest); // nothing below may be reported as missing before the gap was told
        again.Acknowledge([(1, again.Next - 1)]);
        Assert.Equal(again.Next, again.Lowest);
    }

    [Fact]
    public async Task What_was_given_out_is_not_dropped_since_the_peer_may_have_it_and_what_came_after_it_goes_first()
    {
        using var folder = new LogFolder();
        using var log = folder.Open(maxBytes: 64 << 10, whenFull: WhenFull.DropOldest, tellGaps: true);
        await log.AppendAsync([.. Enumerable.Range(1, 20).Select(i => Record(new string('x', 1000), 3, i))], cancellationToken: Stop);
        var sent = log.OpenAll().Read(5, 1 << 20).Select(e => e.Number).ToList();
        var dropped = new List<ForwardGap>();
        for (var i = 21; i <= 200; i++)
        {
            var result = await log.AppendAsync([Record(new string('x', 1000), 3, i)], cancellationToken: Stop);
            Assert.Equal(AppendOutcome.Appended, result.Outcome);
            dropped.AddRange(result.Gaps);
        }
        Assert.Equal([1L, 2, 3, 4, 5], sent);
        Assert.NotEmpty(dropped);
        Assert.All(dropped, gap => Assert.True(gap.First > 5, $"{gap.First} to {gap.Last} were dropped"));
        Assert.Equal(sent, All(log).Take(5).Select(e => e.Number));
        log.Acknowledge([(1, 5)]);
        var told = All(log).Where(e => e.Text.StartsWith("gap", StringComparison.Ordinal)).Sum(e => long.Parse(e.Text.Split(' ')[2]));
        Assert.Equal((15, 600, told), (log.Status.Acknowledged.Readings, log.Status.Acknowledged.Readings + log.Status.Waiting.Readings + told, log.Status.Lost.Readings));
    }

    [Fact]
    public async Task When_all_that_waits_is_under_way_the_log_takes_nothing_until_some_is_acknowledged()
    {
        using var folder = new LogFolder();
        using var log = folder.Open(maxBytes: 64 << 10, whenFull: WhenFull.DropOldest);
        var sender = log.OpenAll();
        var outcome = AppendOutcome.Appended;
        for (var i = 0; i < 200 && outcome == AppendOutcome.Appended; i++)
        {
            outcome = (await log.AppendAsync([Record(new string('x', 1000))], cancellationToken: Stop)).Outcome;
            sender.Read(10, 1 << 20);
        }
        Assert.Equal((AppendOutcome.Full, 0), (outcome, log.Status.Lost.Records));
        log.Acknowledge([(1, 20)]);
        Assert.Equal(AppendOutcome.Appended, (await log.AppendAsync([Record("y")], cancellationToken: Stop)).Outcome);
        Assert.Equal(0, log.Status.Lost.Records);
    }

    [Fact]
    public async Task A_failed_fsync_stops_the_log_and_is_not_tried_again()
    {
        using var folder = new LogFolder();
        var fail = false;
        var flushes = 0;
        using var log = folder.Open(flush: _ =>
        {
            flushes++;
            if (fail)
                throw new IOException("Input/output error");
        });
        await log.AppendAsync([Record("a")], cancellationToken: Stop);
        (fail, flushes) = (true, 0);
        var e = await Assert.ThrowsAsync<ForwardLogStoppedException>(() => log.AppendAsync([Record("b")], cancellationToken: Stop));
        Assert.Contains("Input/output error", e.Message, StringComparison.Ordinal);
        fail = false;
        await Assert.ThrowsAsync<ForwardLogStoppedException>(() => log.AppendAsync([Record("c")], cancellationToken: Stop));
        Assert.Equal(1, flushes);
        Assert.NotNull(log.Failure);
        Assert.Equal([(1L, "a")], All(log));
    }

    [Fact]
    public async Task Live_records_do_not_wait_for_the_backlog_and_the_backlog_ends_where_live_begins()
    {
        using var folder = new LogFolder();
        using var log = folder.Open();
        await log.AppendAsync([Record("a"), Record("b"), Record("c")], cancellationToken: Stop);
        var (backlog, live) = log.Split();
        await log.AppendAsync([Record("d")], cancellationToken: Stop);
        Assert.Equal([4L], live.Read(10, 1000).Select(e => e.Number));
        log.Acknowledge([(4, 4)]);
        Assert.Equal([1L, 2L], backlog.Read(2, 1000).Select(e => e.Number));
        Assert.Equal([3L], backlog.Read(10, 1000).Select(e => e.Number));
        Assert.False(backlog.IsDone);
        backlog.Rewind();
        Assert.Equal(3, backlog.Read(10, 1000).Count);
        log.Acknowledge([(1, 3)]);
        Assert.True(backlog.IsDone);
        Assert.Empty(live.Read(10, 1000));
    }

    [Fact]
    public async Task Live_waits_when_settled_numbers_are_in_too_many_pieces()
    {
        using var folder = new LogFolder();
        using var log = folder.Open(maxIntervals: 2);
        await log.AppendAsync([.. Enumerable.Range(1, 8).Select(i => Record($"{i}"))], cancellationToken: Stop);
        var (backlog, live) = log.Split();
        await log.AppendAsync([Record("live")], cancellationToken: Stop);
        log.Acknowledge([(2, 2), (4, 4), (6, 6)]);
        Assert.Empty(live.Read(1, 1000));
        log.Acknowledge(backlog.Read(2, 1000).Select(e => (e.Number, e.Number)));
        Assert.Equal([9L], live.Read(1, 1000).Select(e => e.Number));
    }

    [Fact]
    public async Task A_waiter_is_woken_by_the_append_it_waits_for()
    {
        using var folder = new LogFolder();
        using var log = folder.Open();
        var woken = log.WaitBeyondAsync(1, Stop);
        await log.AppendAsync([Record("a")], cancellationToken: Stop);
        Assert.False(woken.IsCompleted);
        await log.AppendAsync([Record("b")], cancellationToken: Stop);
        await woken.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        await log.WaitBeyondAsync(1, Stop);
    }

    [Fact]
    public void The_pacer_holds_its_rate_and_allows_a_second_at_once()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var pacer = new DrainPacer(100, time);
        Assert.Equal(100, pacer.Take(1000));
        Assert.Equal(0, pacer.Take(1000));
        Assert.Equal(TimeSpan.FromMilliseconds(10), pacer.UntilNext());
        time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(25, pacer.Take(1000));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(100, pacer.Take(1000));
    }
}
