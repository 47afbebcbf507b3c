using System.Net;
using System.Net.Sockets;
using Strata.Bench.Mqtt.Drive;

namespace Strata.Bench.Mqtt;

/// <summary>
/// The time from the start of a broker to its first accepted connection with 100,000 sessions stored, each with a subscription and 10 of 1,000,000 messages waiting:
/// the engine after kill -9, mosquitto after an orderly end, because it stores at its end (or every half hour) only.
/// </summary>
internal static class RecoveryVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var sessions = arguments.Number("sessions", 100_000);
        var messages = arguments.Number("messages", 1_000_000);
        var folder = Directory.CreateTempSubdirectory("strata-bench-");
        string[] load = ["--publishers", "50", "--subscribers", $"{sessions}", "--away", "--topics", $"{sessions}", "--messages", $"{messages}", "--window", "200"];
        string[] engine = ["--data", Path.Combine(folder.FullName, "engine"), "--max-queued", "100000"];
        string[] mosquitto = ["persistence true", $"persistence_location {folder.FullName}/", "max_queued_messages 0"];

        double empty;
        DriveResult made;
        await using (var server = await ServerProcess.StartEngineAsync("0", engine))
        {
            empty = server.StartedIn.TotalSeconds;
            made = await CaseVerb.LoadAsync<DriveResult>("mqtt-drive", server, load);
        }

        var length = Directory.GetFiles(engine[1]).Sum(static file => new FileInfo(file).Length);
        var (full, cpu, resident) = (new List<double>(), new List<double>(), 0L);
        for (var round = 0; round < arguments.Number("rounds", 3); round++)
        {
            await using var server = await ServerProcess.StartEngineAsync("0", engine);
            full.Add(server.StartedIn.TotalSeconds);
            cpu.Add(server.ProcessorTime.TotalSeconds);
            resident = server.ResidentBytes();
            await CheckAsync(server.Port, messages / sessions);
        }

        await using (var server = await ServerProcess.StartMosquittoAsync("0", folder.FullName, mosquitto))
        {
            await CaseVerb.LoadAsync<DriveResult>("mqtt-drive", server, load);
            await server.StopAsync();
        }

        var (theirs, theirCpu) = (new List<double>(), new List<double>());
        for (var round = 0; round < arguments.Number("rounds", 3); round++)
        {
            await using var server = await ServerProcess.StartMosquittoAsync("0", folder.FullName, mosquitto);
            theirs.Add(server.StartedIn.TotalSeconds);
            theirCpu.Add(server.ProcessorTime.TotalSeconds);
            await CheckAsync(server.Port, messages / sessions);
        }

        folder.Delete(recursive: true);
        return Results.Write("mqtt-recovery", new
        {
            Case = "start to the first accepted connection, on core 0; the engine after kill -9, mosquitto after an orderly end; medians",
            Sessions = sessions,
            Messages = messages,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            MadeAtPerSecond = (long)(made.Acknowledged / made.Seconds),
            StoredBytes = length,
            EngineEmptySeconds = Math.Round(empty, 2),
            EngineSeconds = Median(full),
            EngineCpuSeconds = Median(cpu),
            EngineResidentBytes = resident,
            MosquittoSeconds = Median(theirs),
            MosquittoCpuSeconds = Median(theirCpu),
        });
    }

    /// <summary>The first session is there, and gets its messages.</summary>
    private static async Task CheckAsync(int port, int messages)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Packets.Connect("sub-0", clean: false));
        var expected = 4 + (messages * Packets.Publish("bench/0", 1, 64).Length);
        var bytes = new byte[expected];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        for (var length = 0; length < expected;)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(length), deadline.Token);
            length += read > 0 ? read : throw new InvalidOperationException("The server closed the connection.");
        }

        if (bytes[2] != 1)
            throw new InvalidOperationException("The session is not there.");
    }

    private static double Median(List<double> values) => Math.Round(values.Order().ElementAt(values.Count / 2), 2);
}
