using System.Net.Sockets;
using System.Text;

namespace Strata.Mqtt.Tests;

/// <summary>One packet from the server.</summary>
public sealed record ServerPacket(byte First, byte[] Body)
{
    public int Type => First >> 4;

    public int PacketId => (Body[0] << 8) | Body[1];

    /// <summary>The PUBLISH in it.</summary>
    public (string Topic, int PacketId, byte[] Properties, string Payload) AsPublish(byte version)
    {
        Assert.Equal(3, Type);
        var topicLength = (Body[0] << 8) | Body[1];
        var at = 2 + topicLength;
        var id = 0;
        if ((First & 6) != 0)
        {
            id = (Body[at] << 8) | Body[at + 1];
            at += 2;
        }

        byte[] properties = [];
        if (version == 5)
        {
            var length = Body[at++];
            Assert.True(length < 128);
            properties = Body[at..(at + length)];
            at += length;
        }

        return (Encoding.UTF8.GetString(Body, 2, topicLength), id, properties, Encoding.UTF8.GetString(Body, at, Body.Length - at));
    }
}

/// <summary>A socket that speaks exactly what a test tells it to.</summary>
public sealed class RawClient : IDisposable
{
    private readonly TcpClient tcp;
    private readonly NetworkStream stream;

    private RawClient(TcpClient tcp)
    {
        this.tcp = tcp;
        stream = tcp.GetStream();
    }

    public byte Version { get; set; } = 5;

    public static async Task<RawClient> OpenAsync(int port)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port);
        return new RawClient(tcp);
    }

    public async Task SendAsync(params byte[][] packets) => await stream.WriteAsync(packets.SelectMany(static packet => packet).ToArray());

    public async Task<ServerPacket> ReadAsync() =>
        await TryReadAsync() ?? throw new InvalidOperationException("The server closed the connection instead of sending a packet.");

    /// <summary>Reads what must be a packet of the type.</summary>
    public async Task<ServerPacket> ReadAsync(int type)
    {
        var packet = await ReadAsync();
        Assert.Equal(type, packet.Type);
        return packet;
    }

    /// <summary>The bodies of the next packets, in hex, by type: packets of one type have an order among them.</summary>
    public async Task<ILookup<int, string>> ReadByTypeAsync(int count)
    {
        var packets = new List<ServerPacket>();
        for (var i = 0; i < count; i++)
            packets.Add(await ReadAsync());
        return packets.ToLookup(static p => p.Type, static p => Convert.ToHexString(p.Body));
    }

    public async Task<(string Topic, int PacketId, byte[] Properties, string Payload)> ReadPublishAsync() => (await ReadAsync()).AsPublish(Version);

    /// <summary>Reads the DISCONNECT and the end of the connection.</summary>
    public async Task AssertDisconnectedAsync(MqttReasonCode reasonCode)
    {
        var packet = await ReadAsync();
        Assert.Equal(14, packet.Type);
        Assert.Equal(reasonCode, (MqttReasonCode)packet.Body[0]);
        await AssertClosedAsync();
    }

    /// <summary>The connection ends and nothing more comes.</summary>
    public async Task AssertClosedAsync()
    {
        var packet = await TryReadAsync();
        Assert.True(packet is null, $"Got packet {packet?.First:X2} {Convert.ToHexString(packet?.Body ?? [])} instead of the end.");
    }

    /// <summary>Everything sent so far has been handled when this returns; nothing else is in between.</summary>
    public async Task PingAsync()
    {
        await SendAsync(Packets.PingReq);
        await ReadAsync(13);
    }

    public async Task SubscribeAsync(string filter, byte options = 1)
    {
        await SendAsync(Packets.Subscribe(1, Version, (filter, options)));
        Assert.True((await ReadAsync(9)).Body[^1] < 0x80);
    }

    public void Dispose() => tcp.Dispose();

    /// <summary>Reads a packet; null at the end of the connection.</summary>
    public async Task<ServerPacket?> TryReadAsync()
    {
        var head = new byte[1];
        try
        {
            if (await Deadline.For(stream.ReadAsync(head).AsTask(), "a packet from the server") == 0)
                return null;
            var first = head[0];
            var (length, shift) = (0, 0);
            do
            {
                await stream.ReadExactlyAsync(head);
                length |= (head[0] & 0x7F) << shift;
                shift += 7;
            }
            while (head[0] >= 0x80);
            var body = new byte[length];
            await Deadline.For(stream.ReadExactlyAsync(body).AsTask(), "the rest of a packet");
            return new ServerPacket(first, body);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
