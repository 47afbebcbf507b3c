using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Strata.Node.Operations;

namespace Strata.Bench.Mqtt;

/// <summary>
/// <c>strata broker --data</c> with very many lasting sessions, a QoS 1 message waiting in each, is killed with SIGKILL and started again; all clients connect at once,
/// and one that was there first sends messages to itself all the while. Generator and broker share the machine.
/// </summary>
internal static class ReconnectVerb
{
    private const int AtATime = 256;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var count = arguments.Number("connections", 10_000);
        var folder = Directory.CreateTempSubdirectory("strata-bench-");
        var port = FreePort.Draw();
        var first = await Broker.StartAsync(arguments, folder.FullName, port);
        await ForAllAsync(count, AtATime, async n =>
        {
            using var client = await Client.ConnectAsync(port, $"bench-{n}", present: false);
            await client.SubscribeAsync($"to/{n}");
        });
        using (var publisher = await Client.ConnectAsync(port, "publisher", present: false))
        {
            for (var n = 0; n < count; n++)
                await publisher.PublishAsync($"to/{n}");
        }

        var clock = Stopwatch.StartNew();
        await first.KillAsync();
        var second = await Broker.StartAsync(arguments, folder.FullName, port);
        var readyMs = clock.Elapsed.TotalMilliseconds;

        using var bystander = await Client.ConnectAsync(port, "bystander", present: false);
        await bystander.SubscribeAsync("own");
        var quiet = await RoundTripsAsync(bystander, TimeSpan.FromSeconds(2), new TaskCompletionSource().Task);
        var (connected, delivered) = (new LatencyHistogram(), new LatencyHistogram());
        double allConnectedMs = 0;
        clock.Restart();
        var welcome = 0;
        var storm = ForAllAsync(count, count, async n =>
        {
            using var client = await Client.ConnectAsync(port, $"bench-{n}", present: true);
            lock (connected)
                connected.Add(clock.ElapsedTicks);
            if (Interlocked.Increment(ref welcome) == count)
                allConnectedMs = clock.Elapsed.TotalMilliseconds;
            await client.TakeAsync();
            lock (delivered)
                delivered.Add(clock.ElapsedTicks);
            await client.PingAsync(); // The acknowledgement has been taken.
        });
        var during = await RoundTripsAsync(bystander, TimeSpan.FromMinutes(5), storm);
        await storm;
        var allDoneMs = clock.Elapsed.TotalMilliseconds;
        var resident = second.ResidentBytes();
        clock.Restart();
        await second.StopAsync();
        var stopMs = clock.Elapsed.TotalMilliseconds;
        folder.Delete(recursive: true);
        return Results.Write("mqtt-reconnect", new
        {
            Case = "strata broker --data killed with lasting sessions, one QoS 1 message waiting in each; started again, all connect at once and take it; a bystander sends itself messages meanwhile",
            Connections = count,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            KillToReadyMs = Math.Round(readyMs),
            AllConnectedMs = Math.Round(allConnectedMs),
            AllServedMs = Math.Round(allDoneMs),
            ConnectedP50Ms = connected.Milliseconds(0.5),
            ConnectedP99Ms = connected.Milliseconds(0.99),
            DeliveredP99Ms = delivered.Milliseconds(0.99),
            BystanderQuietP99Ms = quiet.Milliseconds(0.99),
            BystanderP50Ms = during.Milliseconds(0.5),
            BystanderP99Ms = during.Milliseconds(0.99),
            BystanderWorstMs = during.Milliseconds(1),
            BystanderRoundTrips = during.Count,
            BarBystanderP99Ms = 50,
            ResidentBytes = resident,
            StopMs = Math.Round(stopMs),
        });
    }

    /// <summary>On a thread of its own, so that the generator's own queue of work is not measured.</summary>
    private static async Task<LatencyHistogram> RoundTripsAsync(Client client, TimeSpan most, Task until)
    {
        var done = new TaskCompletionSource<LatencyHistogram>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                var times = new LatencyHistogram();
                var clock = Stopwatch.StartNew();
                while (clock.Elapsed < most && !until.IsCompleted)
                {
                    var sent = Stopwatch.GetTimestamp();
                    client.PublishToSelf("own");
                    times.Add(Stopwatch.GetTimestamp() - sent);
                }

                done.SetResult(times);
            }
#pragma warning disable CA1031 // It is told to whoever waits.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                done.SetException(fault);
            }
        }).Start();
        return await done.Task;
    }

    private static async Task ForAllAsync(int count, int atATime, Func<int, Task> act)
    {
        using var slots = new SemaphoreSlim(atATime);
        await Task.WhenAll(Enumerable.Range(0, count).Select(async n =>
        {
            await slots.WaitAsync();
            try
            {
                await act(n);
            }
            finally
            {
                slots.Release();
            }
        }));
    }

    /// <summary>The broker as its own process; ended by its id.</summary>
    private sealed class Broker(Process process)
    {
        public static async Task<Broker> StartAsync(Arguments arguments, string folder, int port)
        {
            var program = Path.GetFullPath(arguments.Text("strata", "src/Cli/Strata.Cli/bin/Release/net10.0/strata"));
            if (!File.Exists(program))
                throw new InvalidOperationException($"{program} is not there; build src/Cli/Strata.Cli in Release, or give --strata PATH.");
            var start = new ProcessStartInfo(program, ["broker", "--anonymous", "--mqtt", $"127.0.0.1:{port}", "--data", folder, "--log-level", "Warning"]) { RedirectStandardOutput = true };
            var process = Process.Start(start)!;
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("ready ", StringComparison.Ordinal))
                    return new Broker(process);
            }

            throw new InvalidOperationException("strata broker ended before it was ready.");
        }

        public async Task KillAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        public async Task StopAsync()
        {
            using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
                await kill.WaitForExitAsync();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        public long ResidentBytes()
        {
            var line = File.ReadLines($"/proc/{process.Id}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>An MQTT 5 client that does one thing at a time.</summary>
    private sealed class Client(Socket socket) : IDisposable
    {
        private readonly byte[] received = new byte[1024];
        private int have;

        public static async Task<Client> ConnectAsync(int port, string clientId, bool present)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port);
            var client = new Client(socket);
            await client.SendAsync([0x10, .. Framed([.. Field("MQTT"), 5, 0, 0, 0, 5, 0x11, 0, 0, 0x0E, 0x10, .. Field(clientId)])]);
            var connAck = await client.ReadAsync(0x20);
            if (connAck[1] != 0 || (connAck[0] == 1) != present)
                throw new InvalidOperationException($"{clientId}: CONNACK {Convert.ToHexString(connAck)}");
            return client;
        }

        public async Task SubscribeAsync(string filter)
        {
            await SendAsync([0x82, .. Framed([0, 1, 0, .. Field(filter), 1])]);
            await ReadAsync(0x90);
        }

        public async Task PublishAsync(string topic)
        {
            await SendAsync(Encoded(topic));
            await ReadAsync(0x40);
        }

        /// <summary>A publish until it is back and acknowledged, in whatever order; blocks.</summary>
        public void PublishToSelf(string topic)
        {
            socket.Send(Encoded(topic));
            var (acknowledged, back) = (false, false);
            while (!acknowledged || !back)
            {
                while (!IsWhole)
                    Took(socket.Receive(received.AsSpan(have)));
                var (first, body) = Next();
                acknowledged |= first == 0x40;
                if (first >> 4 != 3)
                    continue;
                back = true;
                socket.Send(PubAck(body));
            }
        }

        /// <summary>The message that waits.</summary>
        public async Task TakeAsync() => await AcknowledgeAsync(await ReadAsync(0x30));

        public async Task PingAsync()
        {
            await SendAsync([0xC0, 0]);
            await ReadAsync(0xD0);
        }

        public void Dispose() => socket.Dispose();

        private Task AcknowledgeAsync(byte[] publish) => SendAsync(PubAck(publish));

        private static byte[] PubAck(byte[] publish)
        {
            var at = 2 + BinaryPrimitives.ReadUInt16BigEndian(publish);
            return [0x40, 2, publish[at], publish[at + 1]];
        }

        private async Task SendAsync(byte[] packet) => await socket.SendAsync(packet);

        private async Task<byte[]> ReadAsync(byte type)
        {
            var (first, body) = await ReadAnyAsync();
            return (first & 0xF0) == type ? body : throw new InvalidOperationException($"Got packet {first:X2} {Convert.ToHexString(body)} instead of {type:X2}.");
        }

        private bool IsWhole => have >= 2 && have >= 2 + received[1];

        private async Task<(byte First, byte[] Body)> ReadAnyAsync()
        {
            while (!IsWhole)
                Took(await socket.ReceiveAsync(received.AsMemory(have)));
            return Next();
        }

        private void Took(int length)
        {
            if (length == 0)
                throw new InvalidOperationException("The broker closed the connection.");
            have += length;
        }

        private (byte First, byte[] Body) Next()
        {
            var size = 2 + received[1];
            var packet = (received[0], received[2..size]);
            received.AsSpan(size, have - size).CopyTo(received);
            have -= size;
            return packet;
        }

        private static byte[] Encoded(string topic) => [0x32, .. Framed([.. Field(topic), 0, 1, 0, (byte)'x'])];

        private static byte[] Field(string text) => [(byte)(text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

        /// <summary>All bodies here are shorter than 128 bytes.</summary>
        private static byte[] Framed(byte[] body) => [(byte)body.Length, .. body];
    }
}
