using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Transports;

/// <summary>
/// Takes the PROXY header off connections from trusted addresses and gives them the client's address instead of the balancer's. A trusted address must send
/// one; from any other none is read, so that nobody can claim to be somebody else.
/// </summary>
internal sealed partial class ProxyProtocol(ConnectionDelegate next, IReadOnlyCollection<IPNetwork> trusted, TimeSpan within, TimeProvider time, ILogger logger)
{
    public async Task ServeAsync(ConnectionContext connection)
    {
        if (!IsTrusted(connection.RemoteEndPoint) || await ReadHeaderAsync(connection).ConfigureAwait(false))
            await next(connection).ConfigureAwait(false);
        else
            LogClosed(connection.RemoteEndPoint);
    }

    private bool IsTrusted(EndPoint? peer)
    {
        if (peer is not IPEndPoint { Address: var address })
            return false;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return trusted.Any(network => network.Contains(address));
    }

    /// <summary>Whether the header was there, whole and in time.</summary>
    private async Task<bool> ReadHeaderAsync(ConnectionContext connection)
    {
        using var deadline = new CancellationTokenSource(within, time);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(deadline.Token).ConfigureAwait(false);
                var header = Read(read.Buffer);
                if (header.Status == ProxyHeaderStatus.Complete)
                {
                    input.AdvanceTo(read.Buffer.GetPosition(header.Length));
                    connection.RemoteEndPoint = header.Source ?? connection.RemoteEndPoint;
                    return true;
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (header.Status == ProxyHeaderStatus.Invalid || read.IsCompleted)
                    return false;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false; // Too late, or gone.
        }
    }

    private static ProxyHeader Read(ReadOnlySequence<byte> buffer)
    {
        var first = buffer.Slice(0, Math.Min(buffer.Length, ProxyHeader.MaxLength));
        return ProxyHeader.Read(first.IsSingleSegment ? first.FirstSpan : first.ToArray());
    }

    [LoggerMessage(7101, LogLevel.Information, "Peer {Peer} was closed: it is trusted to say whom it speaks for and sent no valid PROXY header in time")]
    private partial void LogClosed(EndPoint? peer);
}
