using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Strata.Edge.Tests.Delivery;

/// <summary>What a gateway got in one PUBLISH.</summary>
internal sealed record Received(string Topic, string Payload, IReadOnlyDictionary<string, string> Properties, ushort PacketId, long Connection)
{
    public bool IsTelemetry => Topic.EndsWith("/telemetry", StringComparison.Ordinal);

    /// <summary>The number of the batch in its stream.</summary>
    public long Number => long.Parse(Properties["strata-batch"].Split('/')[1], null);
}

/// <summary>What the gateway does about a PUBLISH.</summary>
internal enum Answer
{
    Acknowledge,
    RefuseForGood,

    /// <summary>Takes it, and the connection breaks before the acknowledgement.</summary>
    Break,

    /// <summary>Ends the connection with 0x97.</summary>
    Overloaded,

    /// <summary>Says nothing until <see cref="FakeGateway.AcknowledgeHeld"/>.</summary>
    Hold,
}

/// <summary>The least MQTT 5 server that an agent can be tested with: it does what the test says, and keeps what it got.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private readonly ConcurrentQueue<Received> received = new();
    private readonly ConcurrentDictionary<long, Socket> connections = new();
    private readonly ConcurrentQueue<(Socket Socket, ushort PacketId)> held = new();
    private readonly Lock gate = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? listener;
    private Task accepting = Task.CompletedTask;
    private long accepted;

    public FakeGateway()
    {
        Open();
        Port = ((IPEndPoint)listener!.LocalEndPoint!).Port;
    }

    public int Port { get; }

    public string Address => $"mqtt://127.0.0.1:{Port}";

    public ushort ReceiveMaximum { get; init; } = 100;

    /// <summary>Decides about each telemetry PUBLISH.</summary>
    public Func<Received, Answer> Decide { get; set; } = _ => Answer.Acknowledge;

    /// <summary>Decides about each password: the CONNACK's code.</summary>
    public Func<string, byte> Welcome { get; set; } = _ => 0;

    /// <summary>What a device that listens is told to wipe itself by; null when it is not.</summary>
    public string? WipeRequest { get; set; }

    public long Connections => Interlocked.Read(ref accepted);

    public int Connected => connections.Count;

    public int Held => held.Count;

    public IReadOnlyList<Received> Telemetry => [.. received.Where(r => r.IsTelemetry)];

    public IReadOnlyList<Received> Health => [.. received.Where(r => r.Topic.EndsWith("/health", StringComparison.Ordinal))];

    /// <summary>Answers to commands.</summary>
    public IReadOnlyList<Received> Responses => [.. received.Where(r => r.Topic.EndsWith("/response", StringComparison.Ordinal))];

    /// <summary>The batches as a store keeps them: each number once, and the same whenever it was sent.</summary>
    public SortedDictionary<long, string> Stored
    {
        get
        {
            var stored = new SortedDictionary<long, string>();
            foreach (var batch in Telemetry)
            {
                if (!stored.TryAdd(batch.Number, batch.Payload))
                    Assert.Equal(stored[batch.Number], batch.Payload);
            }
            return stored;
        }
    }

    /// <summary>Takes connections again, on the same port.</summary>
    public void Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        socket.Listen();
        listener = socket;
        accepting = AcceptAsync(socket);
    }

    /// <summary>Dies: every connection is reset, new ones are refused.</summary>
    public void Close()
    {
        listener?.Dispose();
        listener = null;
        foreach (var socket in connections.Values)
            socket.Close(0);
    }

    /// <summary>Acknowledges everything held.</summary>
    public void AcknowledgeHeld()
    {
        // What comes in answer to these is held anew.
        for (var left = held.Count; left > 0 && held.TryDequeue(out var one); left--)
            Acknowledge(one.Socket, one.PacketId, 0, null);
    }

    /// <summary>Waits until the condition holds; it is looked at after each packet and connection.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            Task next;
            lock (gate)
                next = changed.Task;
            if (condition())
                return;
            try
            {
                await next.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Waited 60 s for: {what}. Got {Telemetry.Count} batches on {Connections} connections.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await accepting;
    }

    private void Changed()
    {
        lock (gate)
        {
            changed.TrySetResult();
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task AcceptAsync(Socket from)
    {
        try
        {
            while (true)
            {
                var socket = await from.AcceptAsync();
                socket.NoDelay = true;
                _ = Task.Run(() => ServeAsync(socket, Interlocked.Increment(ref accepted)));
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return; // Closed.
        }
    }

    private async Task ServeAsync(Socket socket, long connection)
    {
        connections[connection] = socket;
        Changed();
        try
        {
            await using var stream = new NetworkStream(socket);
            while (await ReadPacketAsync(stream) is { } packet)
            {
                var over = Handle(socket, connection, packet.Type, packet.Flags, packet.Body);
                Changed();
                if (over)
                    break;
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException)
        {
            // The connection broke; the test knows why.
        }
        finally
        {
            connections.TryRemove(connection, out _);
            socket.Dispose();
            Changed();
        }
    }

    private static async Task<(int Type, int Flags, byte[] Body)?> ReadPacketAsync(Stream stream)
    {
        var one = new byte[1];
        if (await stream.ReadAsync(one) == 0)
            return null;
        var first = one[0];
        int length = 0, shift = 0;
        do
        {
            await stream.ReadExactlyAsync(one);
            length |= (one[0] & 0x7F) << shift;
            shift += 7;
        }
        while ((one[0] & 0x80) != 0);
        var body = new byte[length];
        await stream.ReadExactlyAsync(body);
        return (first >> 4, first & 15, body);
    }

    private bool Handle(Socket socket, long connection, int type, int flags, byte[] body) => type switch
    {
        1 => Connect(socket, body),
        3 => Publish(socket, connection, flags, body),
        8 => Subscribe(socket, body),
        12 => Send(socket, [0xD0, 0]),
        _ => true,
    };

    private bool Connect(Socket socket, byte[] body)
    {
        var reader = new PacketReader(body);
        reader.Text();
        reader.Skip(4);
        reader.Skip(reader.Variable());
        reader.Text();
        reader.Text();
        var code = Welcome(reader.Text());
        Send(socket, [0x20, 6, 0, code, 3, 0x21, (byte)(ReceiveMaximum >> 8), (byte)ReceiveMaximum]);
        return code != 0;
    }

    /// <summary>Grants it, and tells the device to wipe itself where there is <see cref="WipeRequest"/>.</summary>
    private bool Subscribe(Socket socket, byte[] body)
    {
        var over = Send(socket, [0x90, 4, body[0], body[1], 0, 1]);
        if (WipeRequest is not { } request)
            return over;
        var topic = Encoding.UTF8.GetBytes($"devices/room-101/commands/wipe/{request}");
        return Send(socket, [0x30, (byte)(topic.Length + 3), 0, (byte)topic.Length, .. topic, 0]);
    }

    private bool Publish(Socket socket, long connection, int flags, byte[] body)
    {
        var reader = new PacketReader(body);
        var topic = reader.Text();
        var id = (flags & 6) == 0 ? (ushort)0 : reader.Number();
        var end = reader.Variable() + reader.Position;
        var properties = new Dictionary<string, string>();
        while (reader.Position < end)
        {
            Assert.Equal(0x26, reader.Byte());
            properties[reader.Text()] = reader.Text();
        }
        var message = new Received(topic, reader.Rest(), properties, id, connection);
        var answer = message.IsTelemetry ? Decide(message) : Answer.Acknowledge;
        if (answer != Answer.Overloaded)
            received.Enqueue(message);
        switch (answer)
        {
            case Answer.Acknowledge:
                return id != 0 && Acknowledge(socket, id, 0, null);
            case Answer.RefuseForGood:
                return Acknowledge(socket, id, 0x99, "byte 7: no");
            case Answer.Hold:
                held.Enqueue((socket, id));
                return false;
            case Answer.Overloaded:
                Send(socket, [0xE0, 2, 0x97, 0]);
                return true;
            default:
                return true;
        }
    }

    private static bool Acknowledge(Socket socket, ushort id, byte code, string? reason)
    {
        var text = Encoding.UTF8.GetBytes(reason ?? "");
        return Send(
            socket,
            reason is null
                ? [0x40, 3, (byte)(id >> 8), (byte)id, code]
                : [0x40, (byte)(7 + text.Length), (byte)(id >> 8), (byte)id, code, (byte)(3 + text.Length), 0x1F, 0, (byte)text.Length, .. text]);
    }

    private static bool Send(Socket socket, byte[] packet)
    {
        try
        {
            socket.Send(packet);
            return false;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private sealed class PacketReader(byte[] body)
    {
        public int Position { get; private set; }

        public byte Byte() => body[Position++];

        public void Skip(int count) => Position += count;

        public ushort Number()
        {
            Position += 2;
            return BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(Position - 2));
        }

        public int Variable()
        {
            int value = 0, shift = 0;
            byte next;
            do
            {
                next = Byte();
                value |= (next & 0x7F) << shift;
                shift += 7;
            }
            while ((next & 0x80) != 0);
            return value;
        }

        public string Text()
        {
            int length = Number();
            Position += length;
            return Encoding.UTF8.GetString(body, Position - length, length);
        }

        public string Rest() => Encoding.UTF8.GetString(body, Position, body.Length - Position);
    }
}
