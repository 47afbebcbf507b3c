using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Strata.Bench.Mqtt;

/// <summary>Kestrel without an engine: answers a CONNECT and then one PUBLISH with fixed bytes, and closes at DISCONNECT. What it costs is the floor under every engine on Kestrel.</summary>
internal static class BareHandler
{
    public static async Task ServeAsync(ConnectionContext context)
    {
        ReadOnlyMemory<byte> connAck = new byte[] { 0x20, 3, 0, 0, 0 };
        ReadOnlyMemory<byte> pubAck = new byte[] { 0x40, 2, 0, 1 };
        for (var reads = 0; ; reads++)
        {
            ReadResult result;
            try
            {
                result = await context.Transport.Input.ReadAsync();
            }
            catch (ConnectionResetException)
            {
                return;
            }

            var leaves = result.IsCompleted || result.Buffer.FirstSpan is [0xE0, ..];
            context.Transport.Input.AdvanceTo(result.Buffer.End);
            if (leaves)
                return;
            await context.Transport.Output.WriteAsync(reads == 0 ? connAck : pubAck);
        }
    }
}
