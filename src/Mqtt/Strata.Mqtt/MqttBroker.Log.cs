using System.Net;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt;

public sealed partial class MqttBroker
{
    [LoggerMessage(1, LogLevel.Information, "Peer {Peer} broke {Specification} ({ReasonCode}): {Reason}")]
    internal partial void LogProtocolError(EndPoint? peer, string specification, MqttReasonCode reasonCode, string reason);

    [LoggerMessage(2, LogLevel.Information, "Peer {Peer} sent no acceptable CONNECT in time")]
    internal partial void LogConnectTimeout(EndPoint? peer);

    [LoggerMessage(3, LogLevel.Information, "Peer {Peer} was silent for one and a half keep-alives")]
    internal partial void LogKeepAliveTimeout(EndPoint? peer);

    [LoggerMessage(4, LogLevel.Information, "Peer {Peer} was refused: {ReasonCode}")]
    internal partial void LogRefused(EndPoint? peer, MqttReasonCode reasonCode);

    [LoggerMessage(8, LogLevel.Warning, "Peer {Peer} failed {Failures} times to log in as '{Name}'; refused for {Window}")]
    internal partial void LogBarred(EndPoint? peer, int failures, string name, TimeSpan window);

    [LoggerMessage(11, LogLevel.Warning, "Client {Client} at {Peer} publishes more than it may for {Grace} and is disconnected")]
    internal partial void LogOverRate(string client, EndPoint? peer, TimeSpan grace);

    [LoggerMessage(12, LogLevel.Warning, "Client {Client} at {Peer} has connected {Times} times within {Window}; refused for {Ban}")]
    internal partial void LogFlapping(string client, EndPoint? peer, int times, TimeSpan window, TimeSpan ban);

    [LoggerMessage(9, LogLevel.Information, "{Sessions} sessions are back from {Directory}")]
    private partial void LogRestored(int sessions, string directory);

    [LoggerMessage(10, LogLevel.Debug, "Checkpoint: {Before} bytes became {After} in {Time}")]
    private partial void LogCheckpoint(long before, long after, TimeSpan time);

    [LoggerMessage(5, LogLevel.Error, "A connection ended because of a fault of ours")]
    internal partial void LogFault(Exception fault);

    [LoggerMessage(6, LogLevel.Information, "Peer {Peer} was closed at accept: {Limit} connections are held or the broker stops")]
    internal partial void LogTooManyConnections(EndPoint? peer, int limit);

    [LoggerMessage(7, LogLevel.Debug, "Peer {Peer} is gone without DISCONNECT; its will is published")]
    internal partial void LogWill(EndPoint? peer);
}
