using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Strata.Mqtt.Transports;

/// <summary>
/// A WebSocket as a connection of bytes (MQTT 5.0 6): binary messages, whose borders mean nothing, are joined into one stream; what goes out is cut as it comes.
/// </summary>
internal sealed class WebSocketConnection : ConnectionContext
{
    // What is read ahead of the engine; the connection under the WebSocket has its own bound.
    private static readonly PipeOptions Incoming = new(pauseWriterThreshold: 2048, resumeWriterThreshold: 1024, minimumSegmentSize: 2048, useSynchronizationContext: false);
    private static readonly PipeOptions Outgoing = new(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false);

    private readonly WebSocket socket;
    private readonly Pipe incoming = new(Incoming);
    private readonly Pipe outgoing = new(Outgoing);
    private readonly CancellationTokenSource closed = new();

    public WebSocketConnection(HttpContext context, WebSocket socket)
    {
        this.socket = socket;
        ConnectionId = context.Connection.Id;
        Features = context.Features;
        ConnectionClosed = closed.Token;
        RemoteEndPoint = context.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, context.Connection.RemotePort) : null;
        Transport = new Duplex(incoming.Reader, outgoing.Writer);
    }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    /// <summary>Moves bytes both ways until the engine has ended the connection.</summary>
    public async Task RunAsync(MqttBroker broker)
    {
        var sending = SendAsync();
        var receiving = ReceiveAsync();
        await broker.ServeAsync(this).ConfigureAwait(false);
        await incoming.Reader.CompleteAsync().ConfigureAwait(false);
        await outgoing.Writer.CompleteAsync().ConfigureAwait(false);
        await sending.ConfigureAwait(false);
        await closed.CancelAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        closed.Dispose();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        socket.Abort();
        incoming.Writer.CancelPendingFlush();
        outgoing.Reader.CancelPendingRead();
    }

    private async Task ReceiveAsync()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                // Whatever is left of a segment: frames of one byte must not take a segment each.
                var result = await socket.ReceiveAsync(incoming.Writer.GetMemory(), closed.Token).ConfigureAwait(false);
                if (result.MessageType == WebSocketMessageType.Close)
                    break;
                if (result.MessageType == WebSocketMessageType.Text)
                {
                    // MQTT-6.0.0-1
                    await socket.CloseOutputAsync(WebSocketCloseStatus.InvalidMessageType, "MQTT is binary.", closed.Token).ConfigureAwait(false);
                    break;
                }

                incoming.Writer.Advance(result.Count);
                var flush = await incoming.Writer.FlushAsync(closed.Token).ConfigureAwait(false);
                if (flush.IsCompleted || flush.IsCanceled)
                    break;
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            fault = new ConnectionResetException("The WebSocket is gone.", gone);
        }

        await incoming.Writer.CompleteAsync(fault).ConfigureAwait(false);
        if (fault is not null)
            outgoing.Reader.CancelPendingRead();
    }

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                var result = await outgoing.Reader.ReadAsync().ConfigureAwait(false);
                foreach (var segment in result.Buffer)
                    await socket.SendAsync(segment, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None).ConfigureAwait(false);
                outgoing.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCanceled)
                    break;
                if (!result.IsCompleted)
                    continue;
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).ConfigureAwait(false);
                break;
            }
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer is gone; the receiving side says so to the engine.
        }

        await outgoing.Reader.CompleteAsync().ConfigureAwait(false);
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
