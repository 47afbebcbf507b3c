using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Mqtt;

namespace Strata.Bench.Mqtt;

/// <summary>The engine with <see cref="DroppingHost"/> on <c>--port</c>, until SIGTERM.</summary>
internal static class ServeVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddMqttBroker<DroppingHost>(options => options.ReceiveMaximum = ushort.MaxValue);
        if (arguments.Flag("inline"))
            builder.Services.Configure<SocketTransportOptions>(options => options.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, arguments.Number("port", 1883), listen => listen.UseMqtt()));
        await using var application = builder.Build();
        await application.StartAsync();
        Console.WriteLine($"ready {string.Join(' ', application.Urls)}");
        await application.WaitForShutdownAsync();
        Console.WriteLine($"publishes {application.Services.GetRequiredService<DroppingHost>().Seen}");
        return 0;
    }
}
