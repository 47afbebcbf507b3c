using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>What is erased is one device's, whole, and in no file any more.</summary>
public abstract partial class TelemetryStoreTests
{
    private static readonly TenantId Neighbour = TenantId.Parse("other");

    /// <summary>All bytes of the files in which the store keeps readings.</summary>
    protected abstract Task<byte[]> FilesAsync();

    [Fact]
    public async Task What_is_erased_is_one_device_s_and_totals_usage_and_the_feed_of_the_others_stay()
    {
        await FillAsync();
        var usage = await Used();
        var (all, totals) = (await Read(), await Store.TotalsAsync(TenantId.Main, Cancel));
        var neighbours = await Store.ReadAsync(Neighbour, new ReadingRange(), Cancel);
        var feed = await FeedOf(Hall);
        var mine = await Store.CountAsync(TenantId.Main, Room, Cancel);
        Assert.Equal(45, mine);

        Assert.Equal(65, await Store.EraseAsync(TenantId.Main, Room, Cancel));
        Assert.Equal(0, await Store.EraseAsync(TenantId.Main, Room, Cancel));
        await ErasedAsync();
        await ReopenAsync();
        await ErasedAsync();
        // The name begins anew.
        await Commit(Of(Number(1, 0), Untimed(2)));
        Assert.Equal(2, await Store.CountAsync(TenantId.Main, Room, Cancel));
        await ReopenAsync();
        Assert.Equal(2, await Store.CountAsync(TenantId.Main, Room, Cancel));

        async Task ErasedAsync()
        {
            Assert.Equal(0, await Store.CountAsync(TenantId.Main, Room, Cancel));
            Assert.Equal(all.Where(r => r.Device != Room), await Read());
            Assert.Equal(all.Count - mine, await Store.CountAsync(TenantId.Main, null, Cancel));
            Assert.Empty(await Store.LatestAsync(TenantId.Main, [Room], Cancel));
            Assert.DoesNotContain(await Store.LatestAsync(TenantId.Main, [], Cancel), r => r.Device == Room);
            Assert.Equal(totals, await Store.TotalsAsync(TenantId.Main, Cancel));
            Assert.Equal(usage, await Used());
            Assert.Equal(neighbours, await Store.ReadAsync(Neighbour, new ReadingRange(), Cancel));
            Assert.Equal(45, await Store.CountAsync(Neighbour, Room, Cancel));
            Assert.Equal(feed, await FeedOf(Hall));
            Assert.DoesNotContain((await Store.CommittedAfterAsync(TenantId.Main, 0, 10_000, Cancel)).Readings, r => r.Reading.Device == Room);
        }
    }

    [Fact]
    public async Task What_was_erased_is_in_no_file_after_a_scrub_and_the_store_goes_on()
    {
        await FillAsync();
        await SettleToFilesAsync();
        var before = await FilesAsync();
        Assert.True(before.AsSpan().IndexOf(Secret(7)) >= 0, "The control: before it is erased, the value is in a file.");
        Assert.True(before.AsSpan().IndexOf(Kept(7)) >= 0, "The control: another device's value is in a file.");
        await Store.EraseAsync(TenantId.Main, Room, Cancel);
        await Store.EraseAsync(Neighbour, Room, Cancel);
        await Store.ScrubAsync(TenantId.Main, Cancel);
        await SettleToFilesAsync();
        var after = await FilesAsync();
        Assert.True(after.AsSpan().IndexOf(Kept(7)) >= 0, "Another device's value is in a file still.");
        for (var i = 0; i < 20; i++)
            Assert.True(after.AsSpan().IndexOf(Secret(i)) < 0, $"Value {i} is in a file.");

        await Commit(Of(Number(3, 2_000, Hall)));
        var read = await Read();
        Assert.Equal(21, read.Count);
        await ReopenAsync();
        Assert.Equal(read, await Read());
        Assert.Equal(21, await Store.CountAsync(TenantId.Main, null, Cancel));
    }

    [Fact]
    public async Task Commits_and_questions_go_on_beside_erasing_and_scrubbing()
    {
        await FillAsync();
        using var done = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            var commit = 0;
            for (; !done.IsCancellationRequested || commit < 20; commit++)
                await Commit(Of(Number(commit, 10_000 + commit, Hall), Number(commit, 9_000 - commit, Hall)));
            return commit;
        }, Cancel);
        await Store.EraseAsync(TenantId.Main, Room, Cancel);
        await Store.ScrubAsync(TenantId.Main, Cancel);
        await Store.ScrubAsync(TenantId.Main, Cancel);
        await done.CancelAsync();
        var commits = await writing;
        Assert.Equal(20 + 2 * commits, await Store.CountAsync(TenantId.Main, null, Cancel));
        await ReopenAsync();
        Assert.Equal(20 + 2 * commits, await Store.CountAsync(TenantId.Main, Hall, Cancel));
        Assert.Equal(20 + 2 * commits, (await Read(new ReadingRange { Limit = 100_000 })).Count);
    }

    /// <summary>Text of a device's reading that nothing else holds: random, so that no file shortens it.</summary>
    private static byte[] Secret(int i) => Random("secret", i);

    private static byte[] Kept(int i) => Random("kept", i);

    private static byte[] Random(string what, int i) =>
        System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(System.Security.Cryptography.SHA512.HashData(System.Text.Encoding.ASCII.GetBytes($"{what}-{i}"))));

    /// <summary>Two tenants with devices of the same names, interleaved within commits, some rows late, some twice, some through a gateway, over two days.</summary>
    private async Task FillAsync()
    {
        for (var i = 0; i < 20; i++)
        {
            foreach (var tenant in (TenantId[])[TenantId.Main, Neighbour])
            {
                var text = tenant == TenantId.Main ? Secret(i) : Kept(100 + i);
                await Commit(
                    Through(tenant, GatewayId.Parse("gw-1"), [new Reading(Room, Humidity, At(i), ReadingValue.OfText(System.Text.Encoding.ASCII.GetString(text)))]),
                    Through(tenant, GatewayId.Parse("gw-2"), [new Reading(Hall, Humidity, At(i), ReadingValue.OfText(System.Text.Encoding.ASCII.GetString(Kept(i))))]),
                    Of(tenant, null, [Number(i, i), Number(i + 1, i)]),
                    Of(tenant, null, i % 4 == 0 ? [Number(i, -i - 1)] : []));
            }
            if (i == 10)
                Time.Advance(TimeSpan.FromDays(1));
        }
    }

    private static TelemetryWrite Through(TenantId tenant, GatewayId gateway, IEnumerable<Reading> readings)
    {
        var write = Of(tenant, null, readings);
        return new TelemetryWrite { Tenant = tenant, Gateway = gateway, Readings = write.Readings };
    }

    private async Task<List<(Reading, MessageOrigin)>> FeedOf(DeviceId device)
    {
        var feed = await Store.CommittedAfterAsync(TenantId.Main, 0, 10_000, Cancel);
        return [.. feed.Readings.Select((r, i) => (r.Reading, feed.Origins.GetValueOrDefault(i))).Where(r => r.Reading.Device == device)];
    }

    private async Task<string> Used() => string.Join(';', (await Store.UsageAsync(TenantId.Main, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, Cancel)).Select(u => $"{u.Hour:s} {u.ReadingsStored} {u.BytesStored} {u.MessagesIn}"));

    private async Task SettleToFilesAsync() => await ReopenAsync();
}
