using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Strata.Bench.Mqtt;

/// <summary>
/// A client comes back to its session, for which 100 QoS 1 messages wait: the time from its CONNECT to the first message, and until all are there. The engine in memory and
/// with a data directory, and mosquitto, one after the other; the server on core 0.
/// </summary>
internal static class ResumeVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (rounds, messages, payload) = (arguments.Number("rounds", 300), arguments.Number("messages", 100), arguments.Number("payload", 64));
        var folder = Directory.CreateTempSubdirectory("strata-bench-");
        var figures = new Dictionary<string, Figures>();
        await using (var server = await ServerProcess.StartEngineAsync("0"))
            figures["engine"] = await MeasureAsync(server.Port, rounds, messages, payload);
        await using (var server = await ServerProcess.StartEngineAsync("0", "--data", Path.Combine(folder.FullName, "data")))
            figures["engineWithData"] = await MeasureAsync(server.Port, rounds, messages, payload);
        await using (var server = await ServerProcess.StartMosquittoAsync("0", folder.FullName))
            figures["mosquitto"] = await MeasureAsync(server.Port, rounds, messages, payload);
        folder.Delete(recursive: true);
        return Results.Write("mqtt-resume", new
        {
            Case = $"{messages} QoS 1 messages of {payload} B wait for a client that comes back; from its CONNECT, ms",
            Rounds = rounds,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            Figures = figures,
        });
    }

    private static async Task<Figures> MeasureAsync(int port, int rounds, int messages, int payload)
    {
        var (first, all) = (new LatencyHistogram(), new LatencyHistogram());
        using var publisher = await ConnectAsync(port, "publisher", clean: true);
        using (var client = await ConnectAsync(port, "subscriber", clean: false))
        {
            await client.SendAsync((byte[])[0x82, 6, 0, 1, 0, 1, (byte)'t', 1]);
            await ReadAsync(client, static type => type == 9);
        }

        for (var round = -20; round < rounds; round++)
        {
            await PublishAsync(publisher, messages, payload);
            var begun = Stopwatch.GetTimestamp();
            using var client = await ConnectAsync(port, "subscriber", clean: false);
            var received = 0;
            await ReadAsync(client, type =>
            {
                if (type == 3 && ++received == 1 && round >= 0)
                    first.Add(Stopwatch.GetTimestamp() - begun);
                return received == messages;
            });
            if (round >= 0)
                all.Add(Stopwatch.GetTimestamp() - begun);
            await client.SendAsync((byte[])[0xE0, 0]);
            while (await client.ReceiveAsync(new byte[256]) > 0)
                continue;
        }

        return new Figures(first.Milliseconds(0.5), first.Milliseconds(0.99), all.Milliseconds(0.5), all.Milliseconds(0.99));
    }

    private static async Task<Socket> ConnectAsync(int port, string id, bool clean)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var name = Encoding.UTF8.GetBytes(id);
        await socket.SendAsync((byte[])[0x10, (byte)(12 + name.Length), 0, 4, .. "MQTT"u8, 4, (byte)(clean ? 2 : 0), 0, 0, 0, (byte)name.Length, .. name]);
        if (clean)
            await ReadAsync(socket, static type => type == 2);
        return socket;
    }

    private static async Task PublishAsync(Socket publisher, int messages, int payload)
    {
        for (var id = 1; id <= messages; id++)
            await publisher.SendAsync((byte[])[0x32, (byte)(5 + payload), 0, 1, (byte)'t', (byte)(id >> 8), (byte)id, .. new byte[payload]]);
        var acknowledged = 0;
        await ReadAsync(publisher, type => type == 4 && ++acknowledged == messages);
    }

    /// <summary>Reads packets, acknowledging publishes, until one says that it is enough.</summary>
    private static async Task ReadAsync(Socket socket, Func<int, bool> isEnough)
    {
        var buffer = new byte[64 * 1024];
        var (left, done) = (0, false);
        while (!done)
        {
            var length = await socket.ReceiveAsync(buffer.AsMemory(left));
            if (length == 0)
                throw new InvalidOperationException("The server closed the connection.");
            left += length;
            var at = 0;
            var acks = new List<byte>();
            while (left - at >= 2 && left - at >= 2 + buffer[at + 1])
            {
                var type = buffer[at] >> 4;
                if (type == 3)
                {
                    var id = BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(at + 5));
                    acks.AddRange([0x40, 2, (byte)(id >> 8), (byte)id]);
                }

                done |= isEnough(type);
                at += 2 + buffer[at + 1];
            }

            buffer.AsSpan(at, left - at).CopyTo(buffer);
            left -= at;
            if (acks.Count > 0)
                await socket.SendAsync(acks.ToArray());
        }
    }

    private sealed record Figures(double FirstP50Ms, double FirstP99Ms, double AllP50Ms, double AllP99Ms);
}
