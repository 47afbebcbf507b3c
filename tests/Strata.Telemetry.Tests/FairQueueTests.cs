using Strata.Core.Tenancy;
using Strata.Telemetry.Ingest;
using Entry = Strata.Telemetry.Ingest.FairQueue<int>.Entry;
using Place = Strata.Telemetry.Ingest.FairQueue<int>.Place;

namespace Strata.Telemetry.Tests;

/// <summary>Whose turn it is, and for whom there is room.</summary>
public sealed class FairQueueTests
{
    private static readonly TenantId A = TenantId.Parse("a");
    private static readonly TenantId B = TenantId.Parse("b");

    [Fact]
    public void A_lone_tenant_has_the_whole_take()
    {
        var queue = new FairQueue<int>(1_000, 1_000_000, 64);
        for (var i = 0; i < 100; i++)
            Assert.True(queue.TryAdd(A, new Entry(i, 1, 10)));
        Assert.Equal(Enumerable.Range(0, 64), Take(queue));
        Assert.Equal(Enumerable.Range(64, 36), Take(queue));
    }

    [Fact]
    public void A_lone_tenant_leaves_an_eighth_of_the_room()
    {
        var queue = new FairQueue<int>(800, 1_000_000, 64);
        var taken = Enumerable.Range(0, 1_000).Count(i => queue.TryAdd(A, new Entry(i, 1, 10)));
        Assert.Equal(700, taken);
        Assert.True(queue.TryAdd(B, new Entry(0, 1, 10)));
    }

    [Fact]
    public void Who_comes_beside_a_flood_is_in_the_next_take()
    {
        var queue = new FairQueue<int>(10_000, 1_000_000, 64);
        for (var i = 0; i < 5_000; i++)
            Assert.True(queue.TryAdd(A, new Entry(i, 1, 10)));
        Assert.True(queue.TryAdd(B, new Entry(-1, 1, 10)));
        var taken = Take(queue);
        Assert.Equal([.. Enumerable.Range(0, 8), -1], taken);
    }

    [Fact]
    public void Tenants_get_the_same_rows_however_they_send_them()
    {
        var queue = new FairQueue<int>(100_000, 100_000_000, 64);
        for (var i = 0; i < 2_000; i++)
            queue.Add(A, new Entry(1, 1, 10));
        for (var i = 0; i < 100; i++)
            queue.Add(B, new Entry(20, 20, 10));
        var rows = new Dictionary<int, int>();
        for (var take = 0; take < 100; take++)
        {
            foreach (var size in Take(queue))
                rows[size] = rows.GetValueOrDefault(size) + size;
        }
        Assert.InRange(rows[20], rows[1] - 20, rows[1] + 20);
    }

    [Fact]
    public void While_several_write_a_tenant_holds_two_turns_and_when_it_is_calm_again_all_the_room()
    {
        var queue = new FairQueue<int>(1_000, 1_000_000, 64);
        queue.Add(A, new Entry(0, 1, 10));
        queue.Add(B, new Entry(0, 1, 10));
        Take(queue);
        Assert.Equal(16, Enumerable.Range(0, 500).Count(i => queue.TryAdd(A, new Entry(i, 1, 10))));
        for (var take = 0; take < FairQueue<int>.Calm + 2; take++)
        {
            Take(queue);
            queue.TryAdd(A, new Entry(1, 1, 10));
        }
        Assert.Equal(500, Enumerable.Range(0, 500).Count(i => queue.TryAdd(A, new Entry(i, 1, 10))));
    }

    [Fact]
    public void An_item_without_rows_makes_nobody_share()
    {
        var queue = new FairQueue<int>(1_000, 1_000_000, 64);
        queue.Add(A, new Entry(0, 1, 10));
        queue.Add(B, new Entry(1, 0, 10));
        Take(queue);
        for (var i = 0; i < 100; i++)
            Assert.True(queue.TryAdd(A, new Entry(i, 1, 10)));
        Assert.Equal(64, Take(queue).Count);
    }

    [Fact]
    public void A_large_item_of_one_who_holds_nothing_is_not_starved_by_small_ones()
    {
        var queue = new FairQueue<int>(1_000, 1_000, 10);
        while (queue.TryAdd(A, new Entry(1, 1, 10)))
            continue;
        var large = new Place(new Entry(-1, 1, 900));
        queue.Wait(B, large);
        for (var take = 0; take < 8; take++)
        {
            Assert.Null(queue.Admit());
            Assert.Equal(10, Take(queue).Count);
            Assert.False(queue.TryAdd(A, new Entry(1, 1, 10)));
        }
        Assert.Same(large, queue.Admit());
        Assert.Contains(-1, Take(queue));
    }

    [Fact]
    public void An_item_larger_than_all_room_is_let_in_alone()
    {
        var queue = new FairQueue<int>(10, 100, 10);
        Assert.True(queue.TryAdd(A, new Entry(1, 1, 5_000)));
        Assert.False(queue.TryAdd(B, new Entry(2, 1, 1)));
        Assert.Equal([1], Take(queue));
        Assert.True(queue.TryAdd(B, new Entry(2, 1, 1)));
    }

    /// <summary>
    /// Random tenants, sizes, leavings and takes: nothing is lost or doubled, each tenant's order stands, the bounds hold, and nobody who waits or holds something goes without for longer than the
    /// others' turns take.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Nothing_is_lost_and_nobody_starves(int seed)
    {
        const int maxItems = 40, maxBytes = 4_000, maxRows = 50, tenants = 6, largest = 120;
        var random = new Random(seed);
        var queue = new FairQueue<int>(maxItems, maxBytes, maxRows);
        var held = Enumerable.Range(0, tenants).Select(_ => new Queue<int>()).ToArray(); // What was let in or waits, in order.
        var waiting = new Dictionary<Place, (int Tenant, int Item)>();
        var since = new int[tenants];
        var owner = new Dictionary<int, int>();
        var next = 0;
        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(3) > 0)
            {
                var tenant = random.Next(4) > 0 ? 0 : random.Next(tenants); // The first floods.
                var entry = new Entry(next, random.Next(0, 10) == 0 ? random.Next(largest) : random.Next(5), random.Next(1, 500));
                owner[next] = tenant;
                held[tenant].Enqueue(next);
                if (!queue.TryAdd(Id(tenant), entry))
                {
                    var place = new Place(entry);
                    queue.Wait(Id(tenant), place);
                    waiting[place] = (tenant, next);
                }
                next++;
            }
            else if (waiting.Count > 0 && random.Next(10) == 0)
            {
                var (place, (tenant, item)) = waiting.ElementAt(random.Next(waiting.Count));
                Assert.True(queue.Leave(place));
                Assert.False(queue.Leave(place));
                waiting.Remove(place);
                held[tenant] = new Queue<int>(held[tenant].Where(i => i != item));
                Admit();
            }
            else
            {
                var before = queue.Count;
                var taken = Take(queue);
                Assert.Equal(before > 0, taken.Count > 0);
                foreach (var item in taken)
                    Assert.Equal(item, held[owner[item]].Dequeue());
                Admit();
                for (var tenant = 0; tenant < tenants; tenant++)
                {
                    since[tenant] = held[tenant].Count == 0 || taken.Any(i => owner[i] == tenant) ? 0 : since[tenant] + 1;
                    Assert.True(since[tenant] <= 2 * largest, $"tenant {tenant} went without for {since[tenant]} takes");
                }
            }
            Assert.True(queue.Count <= maxItems && queue.Bytes <= maxBytes, $"{queue.Count} items, {queue.Bytes} bytes");
        }
        while (Take(queue) is { Count: > 0 } rest)
        {
            foreach (var item in rest)
                Assert.Equal(item, held[owner[item]].Dequeue());
            Admit();
        }
        Assert.All(held, h => Assert.Empty(h));
        Assert.Equal((0, 0L), (queue.Count, queue.Bytes));

        void Admit()
        {
            while (queue.Admit() is { } place)
                Assert.True(waiting.Remove(place));
        }
    }

    private static TenantId Id(int number) => TenantId.Parse($"t{number}");

    private static List<int> Take(FairQueue<int> queue)
    {
        var taken = new List<int>();
        queue.Take(taken);
        return taken;
    }
}
