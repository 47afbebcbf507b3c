using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Mqtt;

namespace Strata.Bench.Mqtt;

/// <summary>
/// The engine with <see cref="DroppingHost"/> on <c>--port</c>, until SIGTERM. <c>--defer</c>: acknowledged by the host at the burst's end;
/// <c>--data DIR</c>: with durable sessions; <c>--bare</c>: Kestrel alone; <c>--tls</c>: over TLS with a certificate of its own making; <c>--inline</c>: Kestrel runs the engine on the socket's thread.
/// </summary>
internal static class ServeVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddMqttBroker<DroppingHost>(options =>
        {
            options.ReceiveMaximum = ushort.MaxValue;
            options.MaxQueuedMessagesPerClient = arguments.Number("max-queued", options.MaxQueuedMessagesPerClient);
            options.MaxQueuedBytesPerClient = arguments.Number("max-queued-bytes", options.MaxQueuedBytesPerClient);
            options.MaxQueuedMessages = options.MaxQueuedMessagesPerNamespace = arguments.Number("max-queued-in-all", (int)options.MaxQueuedMessagesPerNamespace);
            options.MaxQueuedBytes = options.MaxQueuedBytesPerNamespace = Math.Max(options.MaxQueuedBytesPerNamespace, 1024L * options.MaxQueuedMessagesPerNamespace);
            options.MaxInflightToClient = arguments.Number("max-inflight", options.MaxInflightToClient);
            options.DataDirectory = arguments.Text("data", "") is { Length: > 0 } folder ? folder : null;
        });
        builder.Services.AddSingleton(new DroppingMode(arguments.Flag("defer")));
        if (arguments.Flag("inline"))
            builder.Services.Configure<SocketTransportOptions>(options => options.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, arguments.Number("port", 1883), listen =>
        {
            if (arguments.Flag("tls"))
                listen.UseHttps(SelfSigned());
            if (arguments.Flag("bare"))
                listen.Run(BareHandler.ServeAsync);
            else
                listen.UseMqtt();
        }));
        await using var application = builder.Build();
        await application.StartAsync();
        Console.WriteLine($"ready {string.Join(' ', application.Urls)}");
        await application.WaitForShutdownAsync();
        var seen = application.Services.GetRequiredService<DroppingHost>().Seen;
        Console.WriteLine($"publishes {seen}, allocated {GC.GetTotalAllocatedBytes() / (double)Math.Max(1, seen):0.00} B a publish, {GC.CollectionCount(0)} collections");
        return 0;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
