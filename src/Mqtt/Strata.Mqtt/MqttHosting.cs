using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Mqtt.Transports;

namespace Strata.Mqtt;

/// <summary>Registers the engine with an ASP.NET Core program.</summary>
public static class MqttHosting
{
    /// <summary>Connections that wait for accept, at most: a fleet comes back at once, and whom the kernel turns away tries again a second later only. Linux takes no more than <c>net.core.somaxconn</c>, usually this.</summary>
    private const int Backlog = 4096;

    /// <summary>
    /// Adds one <see cref="MqttBroker"/> with <typeparamref name="THost"/> (a singleton, registered here unless it is already) as its host. The
    /// broker stops gracefully when the application stops.
    /// </summary>
    public static IServiceCollection AddMqttBroker<THost>(this IServiceCollection services, Action<MqttOptions>? configure = null)
        where THost : class, IMqttHost
    {
        services.AddOptions<MqttOptions>().Configure(options => configure?.Invoke(options)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MqttOptions>, MqttOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.TryAddSingleton<THost>();
        services.TryAddSingleton(provider => new MqttBroker(
            provider.GetRequiredService<THost>(),
            provider.GetRequiredService<IOptions<MqttOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<IMeterFactory>()));
        services.AddHostedService<MqttBrokerLifetime>();

        services.AddOptions<SocketTransportOptions>().Configure<IOptions<MqttOptions>>(static (transport, options) =>
        {
            transport.Backlog = Backlog;
            transport.MaxReadBufferSize = options.Value.MaxUnreadBytes;
            transport.CreateBoundListenSocket = endPoint => ListenSocket.Bind(endPoint, options.Value.TcpKeepAlive);
        });
        return services;
    }

    /// <summary>Serves MQTT on this endpoint, with the broker of <see cref="AddMqttBroker"/>.</summary>
    public static ListenOptions UseMqtt(this ListenOptions listen)
    {
        var broker = listen.ApplicationServices.GetRequiredService<MqttBroker>();
        listen.Run(broker.ServeAsync);
        return listen;
    }

    /// <summary>
    /// Lets <see cref="MqttOptions.ConnectTimeout"/> run from accept through everything on this endpoint: a PROXY header, the TLS handshake, the WebSocket's upgrade and the CONNECT have it
    /// together, and who is not through is cut off. Called first, on endpoints that serve MQTT only; with HTTP it ends what is open besides. Without it the time of <see cref="UseMqtt"/>
    /// begins when what stands before it is done.
    /// </summary>
    public static ListenOptions UseConnectTimeout(this ListenOptions listen)
    {
        var broker = listen.ApplicationServices.GetRequiredService<MqttBroker>();
        listen.Use(next => connection => ServeWithinAsync(connection, next, broker));
        return listen;
    }

    private static async Task ServeWithinAsync(ConnectionContext connection, ConnectionDelegate next, MqttBroker broker)
    {
        using var budget = new ConnectBudget(broker.Options.ConnectTimeout, broker.Time, () =>
        {
            broker.LogConnectTimeout(connection.RemoteEndPoint);
            broker.Metrics.Refused(MqttReasonCode.MaximumConnectTime);
            connection.Abort(new ConnectionAbortedException("There was no CONNECT in time."));
        });
        connection.Features.Set(budget);
        await next(connection).ConfigureAwait(false);
    }

    /// <summary>
    /// Reads the PROXY protocol's header (version 1 or 2) on this endpoint's connections from these networks, where load balancers stand; called before
    /// <c>UseHttps</c> and <see cref="UseMqtt"/>. A connection from there without one is closed; from elsewhere none is read.
    /// </summary>
    public static ListenOptions UseProxyProtocol(this ListenOptions listen, IReadOnlyCollection<IPNetwork> trusted)
    {
        if (trusted.Count == 0)
            return listen;
        var services = listen.ApplicationServices;
        var within = services.GetRequiredService<IOptions<MqttOptions>>().Value.ConnectTimeout;
        var logger = services.GetRequiredService<ILogger<ProxyProtocol>>();
        listen.Use(next => new ProxyProtocol(next, trusted, within, services.GetRequiredService<TimeProvider>(), logger).ServeAsync);
        return listen;
    }

    /// <summary>
    /// Serves MQTT over WebSocket at this path of the HTTP server, with the same broker. The program calls <c>UseWebSockets</c> before its routing. Who
    /// connects is judged by its CONNECT, not by cookies, so that a foreign page gains nothing where a CONNECT needs a password.
    /// </summary>
    /// <param name="admits">Whether pages of an origin (the browser's <c>Origin</c> header) may connect; null: all may. Other programs send none and are not asked.</param>
    public static IEndpointConventionBuilder MapMqtt(this IEndpointRouteBuilder routes, string path = "/mqtt", Func<string, bool>? admits = null)
    {
        var broker = routes.ServiceProvider.GetRequiredService<MqttBroker>();
        return routes.Map(path, context => ServeAsync(context, broker, admits)).ExcludeFromDescription();
    }

    private static async Task ServeAsync(HttpContext context, MqttBroker broker, Func<string, bool>? admits)
    {
        if (admits is not null && context.Request.Headers.Origin is { Count: > 0 } origins && !origins.All(origin => admits(origin ?? "")))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsync("Pages of this origin may not connect here.\n").ConfigureAwait(false);
            return;
        }

        // MQTT-6.0.0-3: the subprotocol must be offered, MQTT-6.0.0-4: and is chosen.
        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains("mqtt"))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("This is MQTT over WebSocket: open a WebSocket with the subprotocol 'mqtt'.\n").ConfigureAwait(false);
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync("mqtt").ConfigureAwait(false);
        await new WebSocketConnection(context, socket).RunAsync(broker).ConfigureAwait(false);
    }
}

internal sealed class MqttOptionsValidator : IValidateOptions<MqttOptions>
{
    public ValidateOptionsResult Validate(string? name, MqttOptions options)
    {
        try
        {
            options.Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentOutOfRangeException wrong)
        {
            return ValidateOptionsResult.Fail(wrong.Message);
        }
    }
}

/// <summary>Begins the broker's stop when the application's begins, before Kestrel waits for its connections.</summary>
internal sealed class MqttBrokerLifetime(MqttBroker broker, IHostApplicationLifetime lifetime) : IHostedService
{
    private Task stopping = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        broker.Start();
        lifetime.ApplicationStopping.Register(() => stopping = broker.StopAsync(CancellationToken.None));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => stopping.WaitAsync(cancellationToken);
}
