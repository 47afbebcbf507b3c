using System.Text.Json;
using System.Threading.Channels;
using Strata.Core.Updates.Blocks;

namespace Strata.Edge.Updates;

/// <summary>
/// The bytes of an artifact in their order, out of blocks that come in any order or not at all. Asks for what is missing when nothing is left to read, and again after <see cref="AskAgain"/> without a block; keeps
/// at most <see cref="Kept"/> blocks that came before their turn, and as many that nobody has looked at. One reader.
/// </summary>
internal sealed class BlockStream : Stream
{
    /// <summary>How long nothing comes before what is missing is asked for again.</summary>
    internal static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(3);

    /// <summary>Bytes of a block: small enough for a broker's or a radio's limits, as the protocol has it.</summary>
    private const int Size = 4 * 1024;

    /// <summary>Blocks within which one request asks: 1 MiB.</summary>
    private const int Kept = 256;

    private const int TooMany = 429;
    private const int ServerFault = 500;

    private readonly IArtifactLink link;
    private readonly string sha256;
    private readonly long size;
    private readonly TimeProvider time;
    private readonly BlockMap map;
    private readonly Dictionary<int, byte[]> early = [];
    private readonly Channel<Heard> heard = Channel.CreateBounded<Heard>(new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });
    private long position;
    private int onTheirWay;

    /// <param name="from">The first byte that is read.</param>
    public BlockStream(IArtifactLink link, string sha256, long from, long size, TimeProvider time)
    {
        (this.link, this.sha256, this.size, this.time, position) = (link, sha256, size, time, from);
        map = new BlockMap(size, Size, from);
        link.ArtifactSaid += Hear;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => size;

    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The connection is over; what was read so far is right.</exception>
    /// <exception cref="ArtifactSourceException">It is not to be had; says whether trying again may help.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (position >= size || buffer.IsEmpty)
            return 0;
        var number = (int)(position / Size);
        byte[]? block;
        while (!early.TryGetValue(number, out block))
            await BringAsync(cancellationToken);
        var at = (int)(position - map.OffsetOf(number));
        var count = Math.Min(buffer.Length, block.Length - at);
        block.AsSpan(at, count).CopyTo(buffer.Span);
        position += count;
        if (at + count == block.Length)
            early.Remove(number);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("It is read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        link.ArtifactSaid -= Hear;
        base.Dispose(disposing);
    }

    private void Hear(string topic, byte[] payload)
    {
        if (payload.Length <= Size)
            heard.Writer.TryWrite(new Heard(topic, payload));
    }

    /// <summary>Takes in the next thing that is said; asks first when nothing is on its way.</summary>
    private async Task BringAsync(CancellationToken cancellationToken)
    {
        if (onTheirWay == 0)
            await AskAsync(cancellationToken);
        using var quiet = new CancellationTokenSource(AskAgain, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, quiet.Token);
        try
        {
            var next = heard.Reader.WaitToReadAsync(waiting.Token).AsTask();
            if (await Task.WhenAny(next, link.Closed) != next)
                throw new IOException($"the connection is over: {await link.Closed}");
            await next;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            onTheirWay = 0; // Lost, or refused for a while.
            return;
        }
        while (heard.Reader.TryRead(out var said))
            Take(said.Topic.Split('/'), said.Payload);
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        if (map.Next(Kept) is not { } missing)
            return;
        onTheirWay = 0;
        foreach (var _ in missing.Of(size))
            onTheirWay++;
        await link.AskForBlocksAsync(sha256, missing.Write(), cancellationToken);
    }

    private void Take(string[] topic, byte[] payload)
    {
        switch (topic)
        {
            case [var of, "blocks", var length, var text] when of == sha256 && length == $"{Size}" && int.TryParse(text, out var number) && number < (position / Size) + Kept && map.Take(number, payload.Length):
                early[number] = payload;
                onTheirWay = Math.Max(0, onTheirWay - 1);
                break;
            case [var of, "get", "accepted"] when of == sha256 && Number(payload, "bytes") is { } bytes && bytes != size:
                throw new ArtifactSourceException($"it has {bytes} bytes there, and the manifest says {size}", isFinal: true);
            case [var of, "get", "rejected"] when of == sha256 && Number(payload, "code") is { } code and not TooMany and < ServerFault:
                throw new ArtifactSourceException($"the answer is {code}", isFinal: true);
        }
    }

    private sealed record Heard(string Topic, byte[] Payload);

    private static long? Number(byte[] payload, string name)
    {
        try
        {
            using var json = JsonDocument.Parse(payload);
            return json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;
        }
        catch (JsonException)
        {
            return null; // It says nothing.
        }
    }
}
