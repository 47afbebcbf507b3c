using System.Net.Sockets;
using System.Text.Json;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>The load generator for every case with subscribers: one thread, one process; prints one line of JSON.</summary>
internal static class DriveVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static int Run(Arguments arguments)
    {
        var options = DriveOptions.From(arguments);
        var counts = new DriveCounts();
        var poller = new Poller();
        var sockets = new List<Socket>();
        for (var n = 0; n < options.Subscribers; n++)
        {
            var socket = Connect(options, $"sub-{n}", clean: !options.Away);
            Ask(socket, Packets.Subscribe(Named(options.Filter, n), options.QoS), 0x90);
            if (options.Away)
            {
                socket.Send(Packets.Disconnect);
                socket.Dispose();
                continue;
            }

            sockets.Add(socket);
            poller.Add(new Subscriber((int)socket.Handle, options, counts));
        }

        var publishers = new List<Publisher>();
        for (var n = 0; n < options.Publishers; n++)
        {
            var socket = Connect(options, $"pub-{n}", clean: true);
            sockets.Add(socket);
            string[] topics = options.Topics == 0
                ? [Named(options.Topic, n)]
                : [.. Enumerable.Range(0, options.Topics).Select(i => Named(options.Topic, (i + (n * options.Topics / options.Publishers)) % options.Topics))];
            var publisher = new Publisher((int)socket.Handle, options, counts, topics);
            publishers.Add(publisher);
            poller.Add(publisher);
        }

        Console.WriteLine(JsonSerializer.Serialize(new DriveRun(options, counts, poller, publishers).Run(Patience)));
        sockets.ForEach(static socket => socket.Dispose());
        return 0;
    }

    private static Socket Connect(DriveOptions options, string id, bool clean)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(options.Target);
        Ask(socket, Packets.Connect(id, clean), 0x20);
        return socket;
    }

    private static void Ask(Socket socket, byte[] question, byte answer)
    {
        socket.Send(question);
        var bytes = new byte[16];
        var length = socket.Receive(bytes);
        if (length < 4 || bytes[0] != answer || bytes[length - 1] >= 3)
            throw new InvalidOperationException($"{Convert.ToHexString(question)} was answered with {Convert.ToHexString(bytes.AsSpan(0, length))}.");
    }

    private static string Named(string pattern, int number) => pattern.Replace("{n}", $"{number}", StringComparison.Ordinal);
}
