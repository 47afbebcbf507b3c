using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Updates.Blocks;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>An artifact comes in blocks, and by which way ever it gets lost, it comes whole or not at all.</summary>
public sealed class BlockDownloadTests
{
    private const int Block = 4_096;
    private readonly FakeDisk disk = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_is_lost_twisted_or_repeated_and_whenever_the_connection_breaks_all_of_it_comes() =>
        await Gen.Select(Gen.Int[1, 900_000], Gen.Int[0, 70], Gen.Int[1, 200], Gen.Int[0, 900_000], Gen.Int).SampleAsync(
            async (length, lost, breaksAfter, there, seed) =>
            {
                var bytes = Bytes(length, seed);
                var own = new FakeDisk();
                using (var part = own.Write(NameOf(bytes), 0))
                    part.Write(bytes.AsSpan(0, Math.Min(there, length)));
                var links = 0;
                LossyLink? link = null;
                await BringAsync(own, bytes, () => link = link is null || link.Closed.IsCompleted ? new LossyLink(bytes, seed + links++, lost, breaksAfter) : link);
                Assert.Equal(bytes, Read(own, bytes));
            }, iter: 40, threads: 1);

    [Fact]
    public async Task What_is_on_the_disk_is_not_asked_again_and_what_is_asked_at_once_is_bounded()
    {
        var bytes = Bytes(3_000_000);
        using (var part = disk.Write(NameOf(bytes), 0))
            part.Write(bytes.AsSpan(0, 1_000_000));
        var link = new LossyLink(bytes, lost: 20);
        await BringAsync(disk, bytes, () => link);
        Assert.Equal(bytes, Read(disk, bytes));
        Assert.Equal(1_000_000 / Block, link.Requests[0].From);
        Assert.All(link.Requests, r => Assert.InRange(r.Count * (long)r.Size, 1, 1 << 20));
        Assert.All(link.Requests, r => Assert.InRange(r.Of(bytes.Length).Count() * (long)r.Size, 1, BlockRequest.MostBytes));
    }

    [Fact]
    public async Task Blocks_are_asked_for_once_where_nothing_is_lost()
    {
        var bytes = Bytes(1_000_001);
        var link = new LossyLink(bytes);
        await BringAsync(disk, bytes, () => link);
        Assert.Equal((bytes.Length + Block - 1) / Block, link.Requests.Sum(r => r.Of(bytes.Length).Count()));
    }

    [Fact]
    public async Task What_comes_long_before_its_turn_and_was_not_asked_for_is_not_kept()
    {
        var bytes = Bytes(3_000_000);
        var link = new LossyLink(bytes) { Unasked = 600 };
        await BringAsync(disk, bytes, () => link);
        Assert.Equal(bytes, Read(disk, bytes));
        Assert.Contains(600, link.Requests.SelectMany(r => r.Of(bytes.Length)));
    }

    [Theory]
    [InlineData("rejected", """{"code":404,"message":"not for you"}""", "it cannot be downloaded: the answer is 404")]
    [InlineData("rejected", """{"code":400,"message":"no"}""", "it cannot be downloaded: the answer is 400")]
    [InlineData("accepted", """{"bytes":7}""", "it has 7 bytes there, and the manifest says 50000")]
    public async Task What_is_not_to_be_had_is_not_asked_for_again(string answer, string payload, string why)
    {
        var bytes = Bytes(50_000);
        var link = new LossyLink(bytes);
        link.Instead.Enqueue((answer, payload));
        Assert.Contains(why, (await Assert.ThrowsAsync<UpdateRefusedException>(() => BringAsync(disk, bytes, () => link))).Message, StringComparison.Ordinal);
        Assert.Single(link.Requests);
    }

    [Fact]
    public async Task What_cannot_be_had_just_now_is_asked_for_again()
    {
        var bytes = Bytes(50_000);
        var link = new LossyLink(bytes);
        foreach (var refusal in (string[])["""{"code":429}""", """{"code":503}""", "no JSON"])
            link.Instead.Enqueue(("rejected", refusal));
        await BringAsync(disk, bytes, () => link);
        Assert.Equal(bytes, Read(disk, bytes));
        Assert.Equal(4, link.Requests.Count);
    }

    [Fact]
    public async Task Without_a_connection_it_waits_for_one()
    {
        var bytes = Bytes(10_000);
        var asked = 0;
        var link = new LossyLink(bytes);
        await BringAsync(disk, bytes, () => ++asked < 4 ? null : link);
        Assert.Equal(bytes, Read(disk, bytes));
    }

    [Fact]
    public async Task An_agent_that_ends_and_closes_its_connection_has_refused_nothing_and_keeps_what_came()
    {
        var bytes = Bytes(50_000);
        var hash = TestDevice.Hash(bytes);
        using var ending = new CancellationTokenSource();
        var download = new UpdateDownload(disk, new EndingSource(bytes[..20_000], ending), new FakeTimeProvider());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => download.BringAsync($"/artifacts/{hash}", hash, bytes.Length, _ => { }, ending.Token));
        Assert.Equal(20_000, disk.Length(NameOf(bytes)));
    }

    [Fact]
    public async Task Other_bytes_than_were_signed_are_not_kept()
    {
        var bytes = Bytes(50_000);
        var link = new LossyLink([.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);
        Assert.Contains("is not what was signed", (await Assert.ThrowsAsync<UpdateRefusedException>(() => BringAsync(disk, bytes, () => link))).Message, StringComparison.Ordinal);
        Assert.Equal(-1, disk.Length(NameOf(bytes)));
    }

    private static string NameOf(byte[] bytes) => UpdateDownload.NameOf(TestDevice.Hash(bytes));

    private static byte[] Bytes(int length, int seed = 5)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Read(FakeDisk disk, byte[] bytes) => disk.ReadAll(NameOf(bytes), int.MaxValue)!;

    /// <summary>Downloads while the clock runs as fast as anybody waits for it.</summary>
    private static async Task BringAsync(FakeDisk disk, byte[] bytes, Func<IArtifactLink?> current)
    {
        var time = new FakeTimeProvider();
        var hash = TestDevice.Hash(bytes);
        // In turns, so that however busy the machine is no second passes before what came is read.
        var turns = new TaskFactory(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);
        var download = turns.StartNew(() => new UpdateDownload(disk, new MqttArtifactSource(current, time), time).BringAsync($"/artifacts/{hash}", hash, bytes.Length, _ => { }, Cancel)).Unwrap();
        while (!download.IsCompleted)
            await turns.StartNew(() => time.Advance(TimeSpan.FromSeconds(1)));
        await download;
    }

    /// <summary>Gives so many bytes; then the agent ends, and the connection with it.</summary>
    private sealed class EndingSource(byte[] bytes, CancellationTokenSource ending) : MemoryStream(bytes), IArtifactSource
    {
        public Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken) => Task.FromResult(new ArtifactStream(this, from));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (await base.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                return read;
            await ending.CancelAsync();
            throw new IOException("the connection is over");
        }
    }
}
