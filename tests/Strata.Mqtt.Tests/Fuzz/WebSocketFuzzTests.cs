using System.Globalization;
using System.Net.WebSockets;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Mqtt.Transports;

namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>
/// Damaged WebSocket frames around MQTT packets, straight into the engine's WebSocket connection: it ends with its peer, whatever that sent, and no fault of ours is logged.
/// STRATA_FUZZ_SECONDS and CsCheck_Seed are those of <see cref="DecoderFuzzTests"/>.
/// </summary>
public sealed class WebSocketFuzzTests
{
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("STRATA_FUZZ_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    /// <summary>A frame as a client sends it: masked, with a length of its own that may be a lie.</summary>
    private static readonly Gen<byte[]> Frame =
        from opcode in Gen.OneOf<byte>(0x82, 0x82, 0x82, 0x02, 0x80, 0x00, 0x81, 0x88, 0x89, 0x8A, 0xF2, 0x83)
        from content in Gen.OneOf(Gen.OneOf(Contents), Gen.Byte.Array[0, 200])
        from cut in Gen.Int[0, 40]
        from lie in Gen.OneOf(0, 0, 0, 0, 1, -1, 1000)
        select Masked(opcode, content[..Math.Max(0, content.Length - (cut > 10 ? 0 : cut))], lie);

    private static byte[][] Contents =>
    [
        new ConnectBuilder { ClientId = "f" }.Build(), new ConnectBuilder { ClientId = "f", Version = 4 }.Build(), Packets.Subscribe(1, 5, ("a/#", 1)), Packets.Publish("a/b", "x", 2),
        Packets.PingReq, Packets.Disconnect, [0x30, 0xFF, 0xFF, 0xFF, 0x7F], [],
    ];

    [Fact]
    public async Task Whatever_frames_come_the_connection_ends_with_its_peer_and_nothing_else_does()
    {
        var faults = new FaultLog();
        await using var services = new ServiceCollection().AddMetrics().AddLogging(logging => logging.AddProvider(faults)).BuildServiceProvider();
        var host = new TestHost();
        var broker = new MqttBroker(
            host, new MqttOptions(), TimeProvider.System, services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        await Frame.Array[0, 6].SampleAsync(
            async frames =>
            {
                await ServeAsync(broker, [.. frames.SelectMany(static f => f)]);
                host.TakeSeen();
                Assert.Empty(faults.Messages);
            },
            iter: Seconds > 0 ? -1 : 2000, time: Seconds > 0 ? Seconds : -1, print: static frames => string.Join(' ', frames.Select(Convert.ToHexString)));
        Assert.Equal(0, broker.ClientCount);
        await broker.DisposeAsync();
    }

    private static async Task ServeAsync(MqttBroker broker, byte[] bytes)
    {
        await using var stream = new OneWay(new MemoryStream(bytes));
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, SubProtocol = "mqtt" });
        var connection = new WebSocketConnection(new DefaultHttpContext(), socket);
        await Deadline.For(connection.RunAsync(broker), "the connection ends");
    }

    private static byte[] Masked(byte opcode, byte[] content, int lie)
    {
        byte[] mask = [1, 2, 3, 4];
        var length = Math.Max(0, content.Length + lie);
        byte[] header = length < 126 ? [opcode, (byte)(0x80 | length)] : [opcode, 0x80 | 126, .. Packets.U16(length)];
        return [.. header, .. mask, .. content.Select((b, i) => (byte)(b ^ mask[i & 3]))];
    }

    /// <summary>What the peer sent, then its end; what is sent to it goes away.</summary>
    private sealed class OneWay(Stream input) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
