using System.Buffers.Binary;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>All clients of the generator on one thread, which waits for their sockets.</summary>
internal sealed class Poller
{
    private const int Most = 512;
    private readonly int epoll = LibC.NewEpoll(0);
    private readonly byte[] events = new byte[Most * LibC.EventSize];
    private readonly Dictionary<int, WireClient> late = [];
    private WireClient?[] clients = new WireClient?[1024];

    /// <summary>What is read and what is written, reused by all.</summary>
    public Scratch Scratch { get; } = new();

    public void Add(WireClient client)
    {
        if (client.Fd >= clients.Length)
            Array.Resize(ref clients, Math.Max(client.Fd + 1, clients.Length * 2));
        clients[client.Fd] = client;
        Watch(client, LibC.Add);
    }

    /// <summary>Closes a client's socket.</summary>
    public void Remove(WireClient client)
    {
        late.Remove(client.Fd);
        clients[client.Fd] = null;
        _ = LibC.Close(client.Fd);
    }

    /// <summary>Handles what has come, and waits for that as long.</summary>
    public void Turn(int milliseconds)
    {
        var count = LibC.Wait(epoll, ref events[0], Most, milliseconds);
        for (var i = 0; i < count; i++)
        {
            var at = events.AsSpan(i * LibC.EventSize);
            var happened = BinaryPrimitives.ReadUInt32LittleEndian(at);
            if (clients[BinaryPrimitives.ReadInt32LittleEndian(at[LibC.EventData..])] is not { } client)
                continue;
            if ((happened & LibC.Writable) != 0)
                client.Writable(this);
            if ((happened & ~LibC.Writable) != 0)
                client.Readable(this);
        }
    }

    /// <summary>Sends what is in the scratch's output; what the socket does not take, later.</summary>
    public void Send(WireClient client)
    {
        if (!client.Flush(Scratch.Written) && late.TryAdd(client.Fd, client))
            Watch(client, LibC.Modify);
        Scratch.Clear();
    }

    /// <summary>The client's socket has taken everything.</summary>
    public void Sent(WireClient client)
    {
        late.Remove(client.Fd);
        Watch(client, LibC.Modify);
    }

    private void Watch(WireClient client, int operation)
    {
        Span<byte> change = stackalloc byte[16];
        change.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(change, LibC.Readable | (late.ContainsKey(client.Fd) || client.IsConnecting ? LibC.Writable : 0));
        BinaryPrimitives.WriteInt32LittleEndian(change[LibC.EventData..], client.Fd);
        _ = LibC.Watch(epoll, operation, client.Fd, ref change[0]);
    }
}

/// <summary>Buffers for one turn of one client.</summary>
internal sealed class Scratch
{
    private byte[] output = new byte[64 * 1024];
    private int length;

    public byte[] Input { get; } = new byte[256 * 1024];

    public ReadOnlySpan<byte> Written => output.AsSpan(0, length);

    public Span<byte> Take(int bytes)
    {
        if (output.Length - length < bytes)
            Array.Resize(ref output, Math.Max(length + bytes, output.Length * 2));
        length += bytes;
        return output.AsSpan(length - bytes, bytes);
    }

    public void Ack(byte first, int packetId)
    {
        var at = Take(4);
        (at[0], at[1]) = (first, 2);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], (ushort)packetId);
    }

    public void Clear() => length = 0;
}
