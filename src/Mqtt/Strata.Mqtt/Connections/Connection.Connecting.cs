using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Strata.Mqtt.Access;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>From accept to CONNACK.</summary>
internal sealed partial class Connection
{
    private uint sessionExpirySeconds;

    /// <returns>False: the connection ends here.</returns>
    private async Task<bool> ConnectAsync()
    {
        if (await ReadHandshakeAsync().ConfigureAwait(false) is not { } handshake)
            return false;
        Outbox.Configure(handshake);
        var request = handshake.Request;
        if (broker.IsFaulted)
        {
            RefuseConnect(MqttReasonCode.ServerUnavailable, "The server can store nothing.", 0);
            return false;
        }

        if (handshake.Scram is { } first)
        {
            if (await AuthenticateAsync(first).ConfigureAwait(false) is not { } user)
                return false;
            request = request with { AuthenticatedUser = user };
        }

        var name = request.AuthenticatedUser ?? request.UserName ?? request.ClientId;
        if (IsBarred(name) || IsBanned(null, request, request.AuthenticatedUser ?? request.UserName))
            return false;
        var access = broker.AccessVersion;
        var decision = await AskHostAsync(request).ConfigureAwait(false);
        if (decision.ReasonCode != MqttReasonCode.Success)
        {
            broker.LogRefused(context.RemoteEndPoint, decision.ReasonCode);
            if (decision.ReasonCode is MqttReasonCode.BadUserNameOrPassword or MqttReasonCode.NotAuthorized)
                NoteFailedLogin(name);
            RefuseConnect(decision.ReasonCode, handshake.RequestProblemInformation ? decision.Reason : null, handshake.MaximumPacketSize, decision.ServerReference);
            return false;
        }

        broker.FailedLogins.Succeeded(context.RemoteEndPoint, name);
        if (IsBanned(decision.Namespace, request, decision.UserName) || IsFlapping(request, decision))
            return false;
        var entered = broker.NamespaceOf(decision.Namespace);
        if (!broker.TryEnter(entered, decision.Owner, request.ClientId))
        {
            broker.Host.Full(request, decision);
            broker.LogRefused(context.RemoteEndPoint, MqttReasonCode.QuotaExceeded);
            RefuseConnect(MqttReasonCode.QuotaExceeded, "As many clients are connected as may be.", handshake.MaximumPacketSize);
            return false;
        }

        var hasRoom = broker.TakeSession();
        if (!hasRoom && (handshake.CleanStart || !entered.Has(decision.Owner, request.ClientId)))
        {
            broker.ClientLeft(entered);
            RefuseConnect(MqttReasonCode.QuotaExceeded, "The server holds as many sessions as it may.", handshake.MaximumPacketSize);
            return false;
        }

        Welcome(handshake, decision, hasRoom);
        if (access != broker.AccessVersion)
            _ = broker.ReviewAccess(decision.Namespace, decision.Owner); // Perhaps accepted by the rules before.
        return true;
    }

    private async Task<Handshake?> ReadHandshakeAsync()
    {
        while (true)
        {
            ReadResult result;
            try
            {
                result = await input.ReadAsync().ConfigureAwait(false);
            }
            catch (Exception fault) when (ConnectionLoss.Is(fault))
            {
                return null;
            }

            if (TryReadHandshake(result.Buffer) is { } handshake)
                return handshake;
            if (result.IsCompleted || result.IsCanceled)
                return null;
        }
    }

    private Handshake? TryReadHandshake(ReadOnlySequence<byte> buffer)
    {
        var (consumed, examined) = (buffer.Start, buffer.End);
        var frames = new FrameReader(buffer, Options.MaxConnectPacketSize, shortestForm: false);
        try
        {
            if (buffer.Length > 0 && buffer.FirstSpan[0] != (byte)PacketType.Connect << 4)
                throw MqttProtocolException.Violation("The first packet is not CONNECT.", "MQTT-3.1.0-1");
            if (!frames.TryRead(out _, out var body))
                return null;
            consumed = examined = frames.Consumed;
            broker.Totals.PacketsIn((int)PacketType.Connect, 1);
            broker.Totals.Add(Total.BytesIn, buffer.Slice(buffer.Start, consumed).Length);
            return Handshake.From(ConnectPacket.Read(body, out version), Options, broker.Host.OffersScram, context.RemoteEndPoint);
        }
        catch (MqttProtocolException refusal) when (AnswersConnect(refusal))
        {
            RefuseConnect(refusal.ReasonCode, refusal.Message, 0);
            throw;
        }
        finally
        {
            frames.Dispose();
            input.AdvanceTo(consumed, examined);
        }
    }

    /// <summary>
    /// MQTT 5 may be told what is wrong with its CONNECT (MQTT-3.1.4-1); 3.1.1 only what it has return codes for; whoever does not begin with a
    /// CONNECT hears nothing.
    /// </summary>
    private bool AnswersConnect(MqttProtocolException refusal) => refusal.Specification != "MQTT-3.1.0-1"
        && (version == MqttProtocolVersion.V500 || refusal.ReasonCode is MqttReasonCode.UnsupportedProtocolVersion
            or MqttReasonCode.ClientIdentifierNotValid or MqttReasonCode.QoSNotSupported);

    private async ValueTask<ConnectDecision> AskHostAsync(ConnectRequest request)
    {
#pragma warning disable CA1031 // A host that fails admits nobody.
        try
        {
            var certificate = context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
            return await broker.Host.ConnectAsync(request with { ClientCertificate = certificate }, context.ConnectionClosed).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            if (!context.ConnectionClosed.IsCancellationRequested)
                broker.LogFault(fault);
            return ConnectDecision.Refuse(MqttReasonCode.ServerUnavailable);
        }
#pragma warning restore CA1031
    }

    /// <summary>Whether the name failed too often from here; then the client has been told.</summary>
    private bool IsBarred(string name)
    {
        if (!broker.FailedLogins.IsBarred(context.RemoteEndPoint, name))
            return false;
        RefuseConnect(MqttReasonCode.ConnectionRateExceeded, "Too many failed logins; try again later.", 0);
        return true;
    }

    /// <summary>Whether there is a ban; then the client has been told.</summary>
    private bool IsBanned(string? @namespace, ConnectRequest request, string? user)
    {
        if (!broker.Bans.IsBanned(@namespace, request.ClientId, user))
            return false;
        RefuseConnect(MqttReasonCode.Banned, "The client is banned.", 0);
        return true;
    }

    /// <summary>Whether the client comes and goes too often; then it has been told.</summary>
    private bool IsFlapping(ConnectRequest request, in ConnectDecision decision)
    {
        var key = (decision.Namespace, decision.Owner, request.ClientId);
        if (!broker.Reconnects.IsBarred(key))
        {
            if (!broker.Reconnects.Note(key))
                return false;
            broker.LogFlapping(request.ClientId, context.RemoteEndPoint, Options.MaxReconnects, Options.ReconnectWindow, Options.FlappingBan);
        }

        RefuseConnect(MqttReasonCode.Banned, "The client connects too often; try again later.", 0);
        return true;
    }

    private void NoteFailedLogin(string name)
    {
        if (broker.FailedLogins.Failed(context.RemoteEndPoint, name))
            broker.LogBarred(context.RemoteEndPoint, Options.MaxFailedLogins, name, Options.FailedLoginWindow);
    }

    private void TellHost(Action<IMqttHost, MqttClient, IReadOnlyList<string>> what, IReadOnlyList<string> filters)
    {
#pragma warning disable CA1031 // A host that fails keeps nobody.
        try
        {
            what(broker.Host, client!, filters);
        }
        catch (Exception fault)
        {
            broker.LogFault(fault);
            Close(DisconnectCause.ByServer, MqttReasonCode.UnspecifiedError);
        }
#pragma warning restore CA1031
    }

    private void RefuseConnect(MqttReasonCode reasonCode, string? reason, uint maximumPacketSize, string? serverReference = null)
    {
        broker.Metrics.Refused(reasonCode);
        Span<byte> packet = stackalloc byte[ServerPackets.MaxSize];
        var length = version == MqttProtocolVersion.V500
            ? ServerPackets.ConnAck500(packet, reasonCode, reason, maximumPacketSize, serverReference)
            : ServerPackets.ConnAck311(packet, reasonCode);
        Outbox.Send(packet[..length]);
        Close(DisconnectCause.ByServer, null);
    }

    /// <param name="hasRoom">A place among the sessions is taken for it.</param>
    private void Welcome(Handshake handshake, ConnectDecision decision, bool hasRoom)
    {
        var request = handshake.Request;
        @namespace = broker.NamespaceOf(decision.Namespace);
        sessionExpirySeconds = handshake.SessionExpirySeconds;
        will = handshake.Will;
        Since = broker.Time.GetUtcNow();
        Volatile.Write(ref client, new MqttClient(this, request, decision.UserName ?? request.AuthenticatedUser ?? request.UserName, @namespace.Name, decision.State));
        StartKeepAlive(handshake.KeepAlive);

        // MQTT-3.1.4-3: whoever of the same owner held the client id is told and closed before this one is welcomed.
        var entrance = @namespace.Enter(decision.Owner, client.ClientId, this, handshake.CleanStart);
        session = entrance.Session;
        broker.Traces.Attach(session);
        PacketTrace.Connect(session.Traces, client);
        Outbox.Session = session;
        Outbox.Totals = @namespace.Totals;
        entrance.Previous?.Close(DisconnectCause.TakenOver, MqttReasonCode.SessionTakenOver);
        if (entrance.Ended is { } ended)
            broker.EndSession(ended);
        if (entrance is { Will: { } late, Ended: { } willed })
            _ = broker.PublishWillAsync(late.Client, willed, late.Will);
        broker.Sessions.Set(session, long.MaxValue);
        broker.SettleSession(hasRoom, !entrance.Present);
        Span<byte> packet = stackalloc byte[ServerPackets.MaxSize];
        var length = version == MqttProtocolVersion.V500
            ? ServerPackets.ConnAck500(
                packet, Options, entrance.Present, handshake.Assigned ? client.ClientId : null, handshake.ServerKeepAlive,
                handshake.TellSessionExpiry ? handshake.SessionExpirySeconds : null, authenticated is null ? null : (ScramExchange.Method, serverFinal!))
            : ServerPackets.ConnAck311(packet, MqttReasonCode.Success, entrance.Present && version == MqttProtocolVersion.V311);
        Outbox.Accept(packet[..length]);
        if (entrance.Present || broker.Host.ChecksEachMessage(client))
            session.Review(broker.Host, client);
        session.Attach(this, new Presence(sessionExpirySeconds, long.MaxValue, will, long.MaxValue), client.UserName, handshake.ReceiveMaximum);
        TellHost(static (host, accepted, _) => host.Connected(accepted), []);
        if (entrance.Present && session.Filters is { Length: > 0 } resumed)
            TellHost(static (host, accepted, filters) => host.Subscribed(accepted, filters), resumed);
        if (stopping)
            CloseForStop();
    }
}
