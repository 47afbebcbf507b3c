using System.Buffers;
using System.IO.Pipelines;
using Strata.Mqtt.Access;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>Enhanced authentication with SCRAM-SHA-256 (MQTT 5.0 4.12): before CONNACK, and again whenever the client wants.</summary>
internal sealed partial class Connection
{
    private string? authenticated;
    private byte[]? serverFinal;
    private ScramExchange? exchange;
    private PendingAuth? authToTake;

    /// <summary>The exchange of a CONNECT.</summary>
    /// <returns>Who the client is; null when it did not prove it, and has been told.</returns>
    private async Task<string?> AuthenticateAsync(byte[] clientFirst)
    {
        if (await ChallengeAsync(clientFirst).ConfigureAwait(false) is not { } challenge)
        {
            RefuseConnect(MqttReasonCode.NotAuthorized, "The first SCRAM message is not well-formed.", 0);
            return null;
        }

        if (IsBarred(exchange!.User))
            return null;
        SendAuth(MqttReasonCode.ContinueAuthentication, challenge);
        if (await ReadAuthAsync().ConfigureAwait(false) is not { } answer)
            return null;
        if ((serverFinal = exchange!.Finish(answer)) is null)
        {
            NoteFailedLogin(exchange.User);
            RefuseConnect(MqttReasonCode.NotAuthorized, "User name or password is wrong.", 0);
            return null;
        }

        authenticated = exchange.User;
        exchange = null;
        return authenticated;
    }

    private async ValueTask<byte[]?> ChallengeAsync(byte[] clientFirst)
    {
        exchange = ScramExchange.Begin(clientFirst);
        return exchange?.Challenge(await broker.Host.FindPasswordAsync(exchange.User, context.ConnectionClosed).ConfigureAwait(false));
    }

    private void SendAuth(MqttReasonCode code, byte[] data)
    {
        Span<byte> packet = stackalloc byte[ServerPackets.MaxSize];
        Outbox.Send(packet[..ServerPackets.Auth(packet, code, ScramExchange.Method, data)]);
    }

    /// <summary>The data of the AUTH that must come now; null when the connection ends instead.</summary>
    private async Task<byte[]?> ReadAuthAsync()
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

            if (TryReadAuth(result.Buffer) is { } data)
                return data;
            if (result.IsCompleted || result.IsCanceled)
                return null;
        }
    }

    private byte[]? TryReadAuth(ReadOnlySequence<byte> buffer)
    {
        var (consumed, examined) = (buffer.Start, buffer.End);
        var frames = new FrameReader(buffer, Options.MaxConnectPacketSize, shortestForm: true);
        try
        {
            if (buffer.Length > 0 && buffer.FirstSpan[0] >> 4 is not ((int)PacketType.Auth or (int)PacketType.Disconnect))
                throw MqttProtocolException.Violation("Only AUTH and DISCONNECT may come before CONNACK.", "MQTT-3.1.2-30");
            if (!frames.TryRead(out var first, out var body))
                return null;
            consumed = examined = frames.Consumed;
            if (first >> 4 == (int)PacketType.Disconnect)
                throw MqttProtocolException.Violation("The client gave up.", "5.0 4.12");
            var packet = ReadAuth(first, body);
            if (packet.ReasonCode != MqttReasonCode.ContinueAuthentication)
                throw MqttProtocolException.Violation("AUTH does not continue the authentication.", "MQTT-4.12.0-3");
            return packet.Data.ToArray();
        }
        finally
        {
            frames.Dispose();
            input.AdvanceTo(consumed, examined);
        }
    }

    private static AuthPacket ReadAuth(byte first, ReadOnlySpan<byte> body)
    {
        if ((first & 0x0F) != 0)
            throw MqttProtocolException.Malformed("AUTH has wrong flags.", "MQTT-3.15.1-1");
        var packet = AuthPacket.Read(body);
        if (!packet.HasMethod || !packet.Method.SequenceEqual("SCRAM-SHA-256"u8))
            throw MqttProtocolException.Violation("AUTH has another method than CONNECT.", "MQTT-4.12.0-5");
        return packet;
    }

    /// <summary>An AUTH of a client that is connected; it is answered after the burst, since the host may have to look.</summary>
    private void Authenticate(byte first, ReadOnlySpan<byte> body)
    {
        if (authenticated is null)
            throw MqttProtocolException.Violation("AUTH without an authentication method in CONNECT.", "MQTT-4.12.0-7");
        var packet = ReadAuth(first, body);
        if (packet.ReasonCode != (exchange is null ? MqttReasonCode.ReAuthenticate : MqttReasonCode.ContinueAuthentication) || authToTake is not null)
            throw MqttProtocolException.Violation("AUTH does not fit in here.", "MQTT-4.12.1-1");
        authToTake = new PendingAuth(packet.ReasonCode, packet.Data.ToArray());
    }

    /// <summary>Goes on with a re-authentication; one that fails ends the connection (MQTT-4.12.1-2).</summary>
    private async ValueTask TakeAuthAsync()
    {
        var (code, data) = authToTake!;
        authToTake = null;
        if (code == MqttReasonCode.ReAuthenticate)
        {
            if (await ChallengeAsync(data).ConfigureAwait(false) is { } challenge && exchange!.User == authenticated)
                SendAuth(MqttReasonCode.ContinueAuthentication, challenge);
            else
                Close(DisconnectCause.ByServer, MqttReasonCode.NotAuthorized, "The client is somebody else.");
            return;
        }

        if (exchange!.Finish(data) is { } final)
            SendAuth(MqttReasonCode.Success, final);
        else
            Close(DisconnectCause.ByServer, MqttReasonCode.NotAuthorized, "The password is wrong.");
        exchange = null;
    }

    private sealed record PendingAuth(MqttReasonCode Code, byte[] Data);
}
