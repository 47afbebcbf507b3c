using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Strata.Fog.Link;

/// <summary>One server-sent event.</summary>
internal readonly record struct ServerEvent(string Name, byte[] Data);

/// <summary>Reads server-sent events (WHATWG HTML, 9.2) as far as the link uses them: <c>event</c>, <c>data</c>, comments.</summary>
internal sealed class ServerEventReader(Stream stream, int maxEventBytes, TimeSpan silence, TimeProvider time)
{
    private readonly PipeReader pipe = PipeReader.Create(stream);

    /// <summary>The next event; null at the end of the stream.</summary>
    /// <exception cref="TimeoutException">Nothing came for too long: the link is dead.</exception>
    /// <exception cref="InvalidDataException">An event is larger than allowed.</exception>
    public async Task<ServerEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        var name = "message";
        var data = new ArrayBufferWriter<byte>(256);
        while (true)
        {
            if (await ReadLineAsync(maxEventBytes - data.WrittenCount, cancellationToken) is not { } line)
                return null;
            if (line.Length == 0)
                return new ServerEvent(name, data.WrittenSpan.ToArray());
            var colon = Array.IndexOf(line, (byte)':');
            var value = colon < 0 ? [] : line.AsSpan(colon + 1);
            if (value.Length > 0 && value[0] == ' ')
                value = value[1..];
            var field = line.AsSpan(0, colon < 0 ? line.Length : colon);
            if (field.SequenceEqual("event"u8))
            {
                name = Encoding.UTF8.GetString(value);
            }
            else if (field.SequenceEqual("data"u8))
            {
                if (data.WrittenCount > 0)
                    data.Write("\n"u8);
                data.Write(value);
            }
        }
    }

    private async Task<byte[]?> ReadLineAsync(int maxBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await ReadSomeAsync(cancellationToken);
            if (result.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = result.Buffer.Slice(0, end).ToArray();
                pipe.AdvanceTo(result.Buffer.GetPosition(1, end));
                return line is [.., (byte)'\r'] ? line[..^1] : line;
            }
            if (result.Buffer.Length > maxBytes)
                throw new InvalidDataException($"The parent sent an event of more than {maxEventBytes} bytes.");
            if (result.IsCompleted)
                return null;
            pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private async Task<ReadResult> ReadSomeAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await pipe.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Nothing came from the parent for {silence.TotalSeconds:0} s.");
        }
    }
}
