using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Strata.Bench.Mqtt;

/// <summary>
/// One publishing client on a raw socket. All packets of a window stand encoded in one buffer; what is acknowledged is sent again from there, in one
/// write, so that the generator costs less than what it measures.
/// </summary>
internal sealed class LoadConnection(LoadOptions options, int number) : IDisposable
{
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly long[] sentAt = new long[options.Window];
    private readonly byte[] received = new byte[Math.Clamp(options.Window * 8, 1024, 16 * 1024)];
    private byte[] packets = [];
    private int packetSize;
    private int digitsAt;
    private int next;
    private int outstanding;
    private int left;
    private long counter;
    private bool paced;

    public long Acknowledged { get; private set; }

    /// <summary>Acknowledged before <see cref="Restart"/>.</summary>
    public long Total { get; private set; }

    public long Refused { get; private set; }

    public LatencyHistogram Latency { get; } = new();

    public async Task ConnectAsync()
    {
        await socket.ConnectAsync(options.Target);
        var id = options.Users.Count > number ? options.Users[number].User : $"bench-{number}";
        await socket.SendAsync(ConnectPacket(id));
        var length = await socket.ReceiveAsync(received);
        if (length < 4 || received[0] != 0x20 || received[3] != 0)
            throw new InvalidOperationException($"{id} was refused: {Convert.ToHexString(received.AsSpan(0, length))}");
        Encode(id[(id.IndexOf('/', StringComparison.Ordinal) + 1)..]);
    }

    /// <summary>Publishes until cancelled, then waits for what is outstanding.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        if (options.Rate > 0)
        {
            await Task.WhenAll(PaceAsync(stop), ReceiveAsync(sendMore: false, stop));
            return;
        }

        await SendAsync(options.Window);
        await ReceiveAsync(sendMore: true, stop);
    }

    /// <summary>Publishes one message and waits for its acknowledgement.</summary>
    public async Task PublishOnceAsync()
    {
        await SendAsync(1);
        while (outstanding > 0)
        {
            var length = await socket.ReceiveAsync(received.AsMemory(left));
            if (length == 0)
                throw new InvalidOperationException("The server closed the connection.");
            Count(left + length);
        }
    }

    /// <summary>Forgets the warm-up.</summary>
    public void Restart()
    {
        Total += Acknowledged;
        Acknowledged = Refused = 0;
        Latency.Clear();
    }

    public void Dispose() => socket.Dispose();

    private async Task PaceAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var started = Stopwatch.GetTimestamp();
        var perSecond = (double)options.Rate / options.Connections;
        long sent = 0;
        var phase = (double)number / options.Connections;
        while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            var due = (long)((Stopwatch.GetElapsedTime(started).TotalSeconds * perSecond) + phase) - sent;
            var count = (int)Math.Min(due, options.Window - Volatile.Read(ref outstanding));
            if (count <= 0)
                continue;
            sent += count;
            await SendAsync(count);
        }

        // The receiver ends with the last acknowledgement, so one comes after it knows that it is the last.
        var room = options.Window > Volatile.Read(ref outstanding);
        if (room)
            Interlocked.Increment(ref outstanding);
        Volatile.Write(ref paced, true);
        if (room)
            await WriteAsync(1);
    }

    private async Task ReceiveAsync(bool sendMore, CancellationToken stop)
    {
        while (!(sendMore ? stop.IsCancellationRequested : Volatile.Read(ref paced)) || Volatile.Read(ref outstanding) > 0)
        {
            var length = await socket.ReceiveAsync(received.AsMemory(left), CancellationToken.None);
            if (length == 0)
                throw new InvalidOperationException("The server closed the connection.");
            var acks = Count(left + length);
            if (acks > 0 && sendMore && !stop.IsCancellationRequested)
                await SendAsync(acks);
        }
    }

    private async ValueTask SendAsync(int count)
    {
        Interlocked.Add(ref outstanding, count);
        await WriteAsync(count);
    }

    private async ValueTask WriteAsync(int count)
    {
        while (count > 0)
        {
            var run = Math.Min(count, options.Window - next);
            Stamp(next, run);
            var slice = packets.AsMemory(next * packetSize, run * packetSize);
            while (slice.Length > 0)
                slice = slice[await socket.SendAsync(slice)..];
            next = next + run == options.Window ? 0 : next + run;
            count -= run;
        }
    }

    private void Stamp(int from, int run)
    {
        var now = Stopwatch.GetTimestamp();
        for (var i = from; i < from + run; i++)
        {
            sentAt[i] = now;
            if (digitsAt >= 0)
                (counter++ % 100_000_000).TryFormat(packets.AsSpan((i * packetSize) + digitsAt, 8), out _, "D8");
        }
    }

    private int Count(int length)
    {
        var at = 0;
        var acks = 0;
        var now = Stopwatch.GetTimestamp();
        while (length - at >= 4 && length - at >= 2 + received[at + 1])
        {
            var size = 2 + received[at + 1];
            if (received[at] != 0x40)
                throw new InvalidOperationException($"Got packet {received[at]:X2} instead of PUBACK.");
            if (size > 4 && received[at + 4] >= 0x80)
                Refused++;
            ref var sent = ref sentAt[BinaryPrimitives.ReadUInt16BigEndian(received.AsSpan(at + 2)) - 1];
            if (sent == 0)
                throw new InvalidOperationException("A publish was acknowledged twice.");
            Latency.Add(now - sent);
            sent = 0;
            acks++;
            at += size;
        }

        received.AsSpan(at, length - at).CopyTo(received);
        left = length - at;
        Acknowledged += acks;
        Interlocked.Add(ref outstanding, -acks);
        return acks;
    }

    private void Encode(string id)
    {
        var topic = Encoding.UTF8.GetBytes(options.Topic.Replace("{client}", id, StringComparison.Ordinal));
        var payload = Encoding.UTF8.GetBytes(options.Payload.Replace("{n}", "00000000", StringComparison.Ordinal));
        var placeholder = options.Payload.IndexOf("{n}", StringComparison.Ordinal);
        byte[] properties = options.Version == 5 ? [0] : [];
        byte[] packet = [0x32, .. Length(2 + topic.Length + 2 + properties.Length + payload.Length), .. Field(topic), 0, 0, .. properties, .. payload];
        var idAt = packet.Length - payload.Length - properties.Length - 2;
        packetSize = packet.Length;
        digitsAt = placeholder < 0 ? -1 : packetSize - payload.Length + placeholder;
        packets = new byte[packetSize * options.Window];
        for (var i = 0; i < options.Window; i++)
        {
            packet.CopyTo(packets.AsSpan(i * packetSize));
            BinaryPrimitives.WriteUInt16BigEndian(packets.AsSpan((i * packetSize) + idAt), (ushort)(i + 1));
        }
    }

    private byte[] ConnectPacket(string id)
    {
        byte flags = 0x02;
        byte[] credentials = [];
        if (options.Users.Count > number)
        {
            flags |= 0xC0;
            credentials = [.. Field(Encoding.UTF8.GetBytes(id)), .. Field(Encoding.UTF8.GetBytes(options.Users[number].Password))];
        }

        byte[] properties = options.Version == 5 ? [0] : [];
        byte[] content =
            [.. Field("MQTT"u8), options.Version, flags, 0, 0, .. properties, .. Field(Encoding.UTF8.GetBytes(id)), .. credentials];
        return [0x10, .. Length(content.Length), .. content];
    }

    private static byte[] Field(ReadOnlySpan<byte> value) => [(byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static byte[] Length(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
