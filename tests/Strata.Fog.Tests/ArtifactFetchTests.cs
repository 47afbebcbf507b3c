using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Tenancy;
using Strata.Fog.Artifacts;

namespace Strata.Fog.Tests;

/// <summary>Fetches from above that run beside each other, and ones that fail.</summary>
public sealed class ArtifactFetchTests : IAsyncDisposable
{
    private readonly byte[] first = RandomNumberGenerator.GetBytes(600);
    private readonly byte[] second = RandomNumberGenerator.GetBytes(600);
    private readonly FogFolder folder = FogFolder.Open(Path.Combine(Path.GetTempPath(), $"strata-fog-{Guid.NewGuid():n}"));
    private readonly ArtifactCache cache;

    public ArtifactFetchTests() => cache = new ArtifactCache(folder, new ArtifactCacheOptions { MaxBytes = 1_000, MaxFetches = 2, RetryAfter = TimeSpan.Zero }, TimeProvider.System, NullLogger<ArtifactCache>.Instance);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await cache.DisposeAsync();
        folder.Dispose();
        Directory.Delete(folder.Root, recursive: true);
    }

    [Fact]
    public async Task What_one_device_is_not_given_the_others_who_wait_ask_for_themselves()
    {
        using var answered = new SemaphoreSlim(0);
        async Task<HttpResponseMessage> Refused(long from, CancellationToken stop)
        {
            await answered.WaitAsync(stop);
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        }
        var asking = Get(first, Refused);
        var waiting = Get(first, (_, _) => throw new InvalidOperationException("one fetch serves both"));
        answered.Release();
        await Assert.ThrowsAsync<ArtifactUnavailableException>(() => asking);
        await Assert.ThrowsAsync<ArtifactUnavailableException>(() => waiting);
        Assert.NotNull(await Get(first, Whole(first)));
    }

    [Fact]
    public async Task What_is_being_fetched_does_not_make_room_for_another()
    {
        var slow = new Slow(first);
        var fetching = Get(first, slow.Open);
        await slow.HalfIsRead.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        var full = await Assert.ThrowsAsync<ArtifactUnavailableException>(() => Get(second, Whole(second)));
        Assert.Contains("on its way", full.Message, StringComparison.Ordinal);
        slow.GoOn();
        var path = await fetching;
        Assert.Equal(first, await File.ReadAllBytesAsync(path!, Cancel));
        Assert.NotNull(await Get(second, Whole(second)));
        Assert.False(File.Exists(path), "it was longest not asked for");
    }

    [Fact]
    public async Task So_many_come_at_once()
    {
        Slow[] slow = [new(first[..100]), new(second[..100])];
        var fetching = Task.WhenAll(slow.Select(s => Get(s.Bytes, s.Open)));
        await Task.WhenAll(slow.Select(s => s.HalfIsRead)).WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        var third = RandomNumberGenerator.GetBytes(100);
        Assert.Contains("2 artifacts are on their way", (await Assert.ThrowsAsync<ArtifactUnavailableException>(() => Get(third, Whole(third)))).Message, StringComparison.Ordinal);
        foreach (var one in slow)
            one.GoOn();
        await fetching;
        Assert.NotNull(await Get(third, Whole(third)));
    }

    private Task<string?> Get(byte[] bytes, Func<long, CancellationToken, Task<HttpResponseMessage>> open) => cache.GetAsync(TenantId.Main, Convert.ToHexStringLower(SHA256.HashData(bytes)), open, Cancel);

    private static Func<long, CancellationToken, Task<HttpResponseMessage>> Whole(byte[] bytes) => (_, _) => Task.FromResult(new HttpResponseMessage { Content = new ByteArrayContent(bytes) });

    /// <summary>Gives half of it, and the rest when it is told to.</summary>
    private sealed class Slow(byte[] bytes) : Stream
    {
        private readonly TaskCompletionSource half = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource rest = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int at;

        public byte[] Bytes => bytes;

        public Task HalfIsRead => half.Task;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => bytes.Length;

        public override long Position
        {
            get => at;
            set => throw new NotSupportedException();
        }

        public void GoOn() => rest.TrySetResult();

        public Task<HttpResponseMessage> Open(long from, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StreamContent(this) { Headers = { ContentLength = bytes.Length } } });

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (at > 0)
            {
                half.TrySetResult();
                await rest.Task.WaitAsync(cancellationToken);
            }
            var read = Math.Min(buffer.Length, at == 0 ? bytes.Length / 2 : bytes.Length - at);
            bytes.AsSpan(at, read).CopyTo(buffer.Span);
            at += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
