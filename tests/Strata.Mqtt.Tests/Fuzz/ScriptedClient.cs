namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>A client of a script: does one thing at a time, acknowledges what it gets, and notes it.</summary>
internal sealed class ScriptedClient(string id, byte version) : IDisposable
{
    private readonly List<string> seen = [];
    private RawClient? connection;
    private int packetId;
    private int packets;

    /// <summary>Where its server is.</summary>
    public required int Port { get; set; }

    /// <summary>Completes when the server has done what it does behind its answers.</summary>
    public Func<Task> Barrier { get; set; } = static () => Task.CompletedTask;

    public bool IsConnected => connection is not null;

    /// <summary>What it saw since the last call, sorted: the order of different topics is no promise.</summary>
    public IReadOnlyList<string> TakeSeen()
    {
        string[] taken = [.. seen.Order(StringComparer.Ordinal)];
        seen.Clear();
        return taken;
    }

    public async Task ConnectAsync(bool clean)
    {
        connection?.Dispose();
        connection = await RawClient.OpenAsync(Port);
        connection.Version = version;
        var connect = new ConnectBuilder { ClientId = id, Version = version, CleanStart = clean };
        if (version == 5)
            connect.Properties = clean ? [0] : Packets.Properties([0x11, 0, 0, 2, 0]);
        await connection.SendAsync(connect.Build());
        var connAck = await connection.ReadAsync(2);
        Assert.Equal(0, connAck.Body[1]);
        seen.Add($"session present {connAck.Body[0]}");
    }

    public async Task SubscribeAsync(string filter, byte options)
    {
        await connection!.SendAsync(Packets.Subscribe(++packetId, version, (filter, version == 5 ? options : (byte)(options & 3))));
        var subAck = await PumpUntilAsync(9);
        seen.Add($"suback {filter} {subAck.Body[^1]}");
    }

    public async Task UnsubscribeAsync(string filter)
    {
        await connection!.SendAsync(Packets.Unsubscribe(++packetId, version, filter));
        var unsubAck = await PumpUntilAsync(11);
        seen.Add($"unsuback {filter} {(version == 5 ? unsubAck.Body[^1] : 0)}");
    }

    public async Task PublishAsync(string topic, string payload, int qos, bool retain)
    {
        var own = ++packetId;
        await connection!.SendAsync(Packets.Publish(topic, payload, own, qos, version, retain: retain));
        if (qos == 0)
            await SettleAsync(); // The server has taken it when it answers.
        if (qos == 1)
            await PumpUntilAsync(4);
        if (qos != 2)
            return;
        await PumpUntilAsync(5);
        await connection.SendAsync(Packets.PubRel(own));
        await PumpUntilAsync(7);
    }

    /// <summary>Everything that was sent to it before has been noted and acknowledged when this returns.</summary>
    public async Task SettleAsync()
    {
        if (connection is null)
            return;
        int before;
        do
        {
            before = packets;
            await Barrier();
            await connection.SendAsync(Packets.PingReq);
            await PumpUntilAsync(13);
        }
        while (packets > before);
    }

    public async Task DisconnectAsync()
    {
        await connection!.SendAsync(Packets.Disconnect);
        await connection.AssertClosedAsync();
        Drop();
    }

    /// <summary>Ends the connection without a word.</summary>
    public void Drop()
    {
        connection?.Dispose();
        connection = null;
    }

    public void Dispose() => Drop();

    private async Task<ServerPacket> PumpUntilAsync(int type)
    {
        while (true)
        {
            var packet = await connection!.ReadAsync();
            switch (packet.Type)
            {
                case 3:
                    packets++;
                    await TakeAsync(packet);
                    break;
                case 6:
                    packets++;
                    await connection.SendAsync(Packets.PubComp(packet.PacketId));
                    break;
                default:
                    Assert.Equal(type, packet.Type);
                    return packet;
            }
        }
    }

    private async Task TakeAsync(ServerPacket packet)
    {
        var (topic, id, properties, payload) = packet.AsPublish(version);
        var qos = (packet.First >> 1) & 3;
        seen.Add($"{topic} {payload} qos {qos} retain {packet.First & 1} properties {Convert.ToHexString(properties)}");
        if (qos > 0)
            await connection!.SendAsync(qos == 1 ? Packets.PubAck(id) : Packets.PubRec(id));
    }
}
