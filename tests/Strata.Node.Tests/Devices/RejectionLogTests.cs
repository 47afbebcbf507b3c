using Microsoft.Extensions.Time.Testing;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Tests.Devices;

public sealed class RejectionLogTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Equal_refusals_are_one_entry_with_a_count_the_first_and_the_last_time()
    {
        var log = new RejectionLog(time);
        var first = time.GetUtcNow();
        log.Record(TenantId.Main, RejectionKind.Authentication, "t-9", "unknown device");
        time.Advance(TimeSpan.FromHours(1));
        log.Record(TenantId.Main, RejectionKind.Authentication, "t-9", "unknown device", count: 4);

        var entry = Assert.Single(log.Newest(TenantId.Main));
        Assert.Equal((5, first, time.GetUtcNow()), (entry.Count, entry.First, entry.Last));
        Assert.Empty(log.Newest(TenantId.Parse("other")));
    }

    [Fact]
    public void A_flood_of_one_kind_leaves_the_entries_of_others()
    {
        var log = new RejectionLog(time, capacity: 100);
        log.Record(TenantId.Main, RejectionKind.Payload, "t-1", "byte 3: a value is missing");
        for (var i = 0; i < 10_000; i++)
            log.Record(TenantId.Main, RejectionKind.Authentication, $"guess-{i}", "unknown device");

        var entries = log.Newest(TenantId.Main);
        Assert.Equal(51, entries.Count);
        Assert.Contains(entries, e => e.Subject == "t-1");
        Assert.Contains(entries, e => e.Subject == "guess-9999");
    }

    [Fact]
    public void The_bound_over_all_kinds_holds_and_the_oldest_goes_first()
    {
        var log = new RejectionLog(time, capacity: 4);
        foreach (var kind in Enum.GetValues<RejectionKind>())
        {
            time.Advance(TimeSpan.FromSeconds(1));
            log.Record(TenantId.Main, kind, "s", "r");
        }

        Assert.Equal(4, log.Newest(TenantId.Main).Count);
        Assert.DoesNotContain(log.Newest(TenantId.Main), e => e.Kind == RejectionKind.Authentication);
    }

    [Fact]
    public void One_subjects_many_reasons_are_gathered()
    {
        var log = new RejectionLog(time);
        for (var i = 0; i < 1000; i++)
            log.Record(TenantId.Main, RejectionKind.Payload, "t-1", $"byte {i}: wrong");

        var entries = log.Newest(TenantId.Main);
        Assert.Equal(RejectionLog.MaxReasons + 1, entries.Count);
        Assert.Equal(1000, entries.Sum(e => e.Count));
        Assert.Equal(980, entries.Single(e => e.Reason == "other reasons").Count);
    }

    [Fact]
    public void Names_are_cut_and_made_printable()
    {
        var log = new RejectionLog(time);
        log.Record(TenantId.Main, RejectionKind.Authentication, new string('x', 500) + "\n", "a\u0007b");

        var entry = Assert.Single(log.Newest(TenantId.Main));
        Assert.Equal((RejectionLog.MaxSubjectLength, "a?b"), (entry.Subject.Length, entry.Reason));
    }

    [Fact]
    public async Task A_sink_gets_what_was_added_and_after_a_failure_the_same_again()
    {
        var log = new RejectionLog(time);
        var sink = new Sink { Fails = true };
        log.Record(TenantId.Main, RejectionKind.Payload, "t-1", "wrong", count: 2);
        await Assert.ThrowsAsync<IOException>(() => log.FlushAsync(sink, TestContext.Current.CancellationToken).AsTask());
        sink.Fails = false;
        log.Record(TenantId.Main, RejectionKind.Payload, "t-1", "wrong");
        await log.FlushAsync(sink, TestContext.Current.CancellationToken);
        await log.FlushAsync(sink, TestContext.Current.CancellationToken);

        Assert.Equal((3L, 3L), Assert.Single(sink.Written));
        var loaded = new RejectionLog(time);
        loaded.Load(log.Newest(TenantId.Main));
        Assert.Equal(log.Newest(TenantId.Main), loaded.Newest(TenantId.Main));
    }

    private sealed class Sink : IRejectionSink
    {
        public bool Fails { get; set; }

        public List<(long Added, long Count)> Written { get; } = [];

        public ValueTask WriteAsync(IReadOnlyList<RejectionChange> changes, CancellationToken cancellationToken)
        {
            if (Fails)
                throw new IOException("full");
            Written.AddRange(changes.Select(c => (c.Added, c.Entry.Count)));
            return ValueTask.CompletedTask;
        }
    }
}
