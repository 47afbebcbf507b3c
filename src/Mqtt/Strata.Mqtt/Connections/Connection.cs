using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Transports;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>
/// One network connection: CONNECT, then bursts of packets until it ends. Everything here belongs to the read loop, but <see cref="Close"/>,
/// <see cref="BeginStop"/> and the wheel's calls, which come from anywhere.
/// </summary>
internal sealed partial class Connection
{
    private readonly MqttBroker broker;
    private readonly ConnectionContext context;
    private readonly PipeReader input;
    private MqttProtocolVersion version = MqttProtocolVersion.V311;
    private MqttNamespace? @namespace;
    private MqttClient? client;
    private Session? session;
    private Will? will;
    private bool burstOpen;

    public Connection(MqttBroker broker, ConnectionContext context)
    {
        this.broker = broker;
        this.context = context;
        Options = broker.Announced;
        input = context.Transport.Input;
        Outbox = new Outbox(context.Transport.Output, broker.Options, broker.Clock) { Totals = broker.Totals };
    }

    public Outbox Outbox { get; }

    /// <summary>Null before the client is welcomed.</summary>
    public Session? Session => session;

    /// <summary>The limits as they were when it came, which is what its CONNACK says; those of <see cref="MqttBroker.Options"/> are the newest.</summary>
    private MqttOptions Options { get; }

    /// <summary>Kestrel's own socket, which tells its end by its closed token whether it is read or not.</summary>
    private bool IsPlainSocket => context is not WebSocketConnection
        && context.Features.Get<IConnectionSocketFeature>() is not null && context.Features.Get<ITlsConnectionFeature>() is null;

    /// <summary>
    /// Serves the connection until it is closed and everything about it is cleaned up. What waits for the next packet is this one state machine: it is what an idle
    /// connection costs.
    /// </summary>
    public async Task RunAsync()
    {
        broker.Wheel.Schedule(this, broker.Wheel.Within(ConnectBudget.Take(context, Options.ConnectTimeout)));
        try
        {
            var goesOn = await ConnectAsync().ConfigureAwait(false);
            while (goesOn && !IsClosing)
            {
                ReadResult result;
                try
                {
                    result = await input.ReadAsync().ConfigureAwait(false);
                }
                catch (Exception fault) when (ConnectionLoss.Is(fault))
                {
                    break;
                }

                goesOn = await TakeAsync(result).ConfigureAwait(false);
            }

            Close(DisconnectCause.ConnectionLost, null);
        }
        catch (MqttProtocolException violation)
        {
            Answer(violation);
        }
#pragma warning disable CA1031 // A bug in the host or in the engine ends this connection, is logged, and leaves the others alone.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            broker.LogFault(bug);
            Close(DisconnectCause.ByServer, MqttReasonCode.UnspecifiedError);
        }

        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>The peer broke the protocol: it is told as its version allows, and closed.</summary>
    private void Answer(MqttProtocolException violation)
    {
        broker.LogProtocolError(context.RemoteEndPoint, violation.Specification, violation.ReasonCode, violation.Message);
        broker.Metrics.ProtocolError(violation.ReasonCode);
        Close(DisconnectCause.ProtocolError, violation.ReasonCode, violation.Message);
    }

    private async Task EndAsync()
    {
        if (client is not null)
        {
            await LeaveHostAsync(client, LeaveSession()).ConfigureAwait(false);
            broker.ClientLeft(@namespace!);
        }

        await DrainAsync().ConfigureAwait(false);
        broker.Wheel.Retire(this);
        broker.Forget(this);
    }

    /// <summary>The host gets the end of an open burst, the will, and the farewell, in this order.</summary>
    /// <param name="willIsDue">The will is published now.</param>
    private async Task LeaveHostAsync(MqttClient leaving, bool willIsDue)
    {
#pragma warning disable CA1031 // A host that fails in its farewell must not keep the connection from being cleaned up; it is logged.
        try
        {
            await EndLastBurstAsync(leaving).ConfigureAwait(false);
            if (willIsDue)
                await broker.PublishWillAsync(leaving, session!, will!).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            broker.LogFault(fault);
        }

        try
        {
            broker.Host.Disconnected(leaving, Outbox.Cause);
        }
        catch (Exception fault)
        {
            broker.LogFault(fault);
        }
#pragma warning restore CA1031
    }

    /// <summary>Takes what the peer still sends until the transport ends the connection; the wheel ends it if nobody else does.</summary>
    private async Task DrainAsync()
    {
        try
        {
            if (Outbox.Cause == DisconnectCause.ByClient && IsPlainSocket)
            {
                await TransportEnded().ConfigureAwait(false);
                return;
            }

            while (true)
            {
                var result = await input.ReadAsync().ConfigureAwait(false);
                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }

            await Outbox.FlushEnded().ConfigureAwait(false);
        }
        catch (Exception fault) when (ConnectionLoss.Is(fault))
        {
            // It is gone, which is what was awaited.
        }
    }

    /// <summary>Nothing comes from a client that said goodbye: its end is awaited without reading, because a read that the end meets costs an exception.</summary>
    private async Task TransportEnded()
    {
        var ended = new TaskCompletionSource();
        var registration = context.ConnectionClosed.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        await using (registration.ConfigureAwait(false))
            await ended.Task.ConfigureAwait(false);
        await Outbox.FlushEnded().ConfigureAwait(false);
    }
}
