using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Mqtt.Inspection;
using Strata.Storage;

namespace Strata.Mqtt.Broker;

/// <summary>The engine alone as a general broker. Disposing stops it gracefully.</summary>
public sealed class BrokerServer : IAsyncDisposable
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    private readonly WebApplication app;
    private readonly Listeners listeners;
    private readonly BrokerHost host;
    private string? controlName;

    private BrokerServer(WebApplication app, Listeners listeners) => (this.app, this.listeners, host) = (app, listeners, app.Services.GetRequiredService<BrokerHost>());

    /// <summary>Where plain MQTT is served, with the port that was taken; null when it is not.</summary>
    public IPEndPoint? Mqtt => listeners.Mqtt?.IPEndPoint;

    public IPEndPoint? WebSocket => listeners.WebSocket?.IPEndPoint;

    public IPEndPoint? Tls => listeners.Tls?.IPEndPoint;

    /// <summary>The socket by which it is administered; null for none.</summary>
    public string? Control => listeners.Control;

    /// <summary>Starts a broker; it serves when this completes.</summary>
    /// <exception cref="BrokerConfigurationException">It cannot start as it is configured.</exception>
    public static async Task<BrokerServer> StartAsync(BrokerOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        var listeners = new Listeners();
        WebApplication? app = null;
        try
        {
            var name = options.HasControl ? ControlSocket.NameFor(options) : null;
            listeners.Control = ControlPath(options, name);
            app = Build(options, listeners);
            RemoveDeadSocket(options.UnixSocket);
            RemoveDeadSocket(listeners.Control);
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
            if (listeners.Control is { } control)
                ControlSocket.Link(name, control);
            return new BrokerServer(app, listeners) { controlName = name };
        }
        catch (Exception e)
        {
            if (app is not null)
                await app.DisposeAsync().ConfigureAwait(false);
            throw e switch
            {
                OptionsValidationException wrong => new BrokerConfigurationException(string.Join(" ", wrong.Failures), wrong),
                InvalidDataException damaged => new BrokerConfigurationException($"--data: {damaged.Message}", damaged),
                IOException or SocketException or UnauthorizedAccessException => new BrokerConfigurationException($"Cannot serve: {e.Message}", e),
                _ => e,
            };
        }
    }

    /// <summary>
    /// Runs a broker until the token is cancelled or the process is told to end. Writes <c>ready mqtt=HOST:PORT ws=HOST:PORT tls=HOST:PORT unix=PATH</c>, as far as
    /// each is served, to <paramref name="output"/> when it serves.
    /// </summary>
    /// <returns>0 after a stop, 1 when the disk refused what was to be kept, 2 when it cannot start as it is configured; then one sentence is on <paramref name="error"/>.</returns>
    public static async Task<int> RunAsync(BrokerOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            var server = await StartAsync(options, cancellationToken).ConfigureAwait(false);
            await using (server.ConfigureAwait(false))
            {
                await output.WriteLineAsync(server.Ready(options)).ConfigureAwait(false);
                await output.FlushAsync(cancellationToken).ConfigureAwait(false);
                await server.ToldToStopAsync(cancellationToken).ConfigureAwait(false);
            }

            if (server.host.StorageFault is not { } fault)
                return 0;
            await error.WriteLineAsync($"strata broker: --data: the disk refused what was to be kept: {fault.Message} Mend the disk and start again.").ConfigureAwait(false);
            return 1;
        }
        catch (BrokerConfigurationException e)
        {
            await error.WriteLineAsync($"strata broker: {e.Message}").ConfigureAwait(false);
            return 2;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(StopWithin);
        ControlSocket.Unlink(controlName);
        await app.StopAsync(deadline.Token).ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
    }

    private string Ready(BrokerOptions options)
    {
        var parts = new List<string> { "ready" };
        foreach (var (name, endPoint) in new[] { ("mqtt", Mqtt), ("ws", WebSocket), ("tls", Tls) })
        {
            if (endPoint is not null)
                parts.Add($"{name}={endPoint}");
        }

        if (options.UnixSocket is not null)
            parts.Add($"unix={options.UnixSocket}");
        return string.Join(' ', parts);
    }

    private async Task ToldToStopAsync(CancellationToken cancellationToken)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var byToken = cancellationToken.Register(() => told.TrySetResult());
        var bySignal = app.Lifetime.ApplicationStopping.Register(() => told.TrySetResult());
        await using (byToken.ConfigureAwait(false))
        await using (bySignal.ConfigureAwait(false))
            await told.Task.ConfigureAwait(false);
    }

    private static string? ControlPath(BrokerOptions options, string? name)
    {
        if (options.ControlPath is { } given)
            return ControlSocket.Checked(given);
        if (!options.HasControl)
            return null;
        if (options.DataDirectory is not { } directory)
            return name;
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return ControlSocket.Checked(Path.Combine(directory, ControlSocket.FileName));
    }

    private static WebApplication Build(BrokerOptions options, Listeners listeners)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var level = new LogSwitch(options.LogLevel);
        builder.Services.Configure<LoggerFilterOptions>(static filter => filter.CaptureScopes = false); // No line shows scopes; Kestrel would keep one for each connection.
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddSimpleConsole(console => console.SingleLine = true).AddFilter(level.IsOn);
        builder.Logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new LimitFile(options.LimitsFile, options.Limits, options.Engine, Tell(services)));
        builder.Services.AddSingleton(services => new BrokerHost(
            options.UsersFile is null ? null : UserFile.Open(options.UsersFile, Tell(services)), new RuleFile(options.RulesFile, Tell(services)),
            options.BansFile is null ? null : new BanFile(options.BansFile, services.GetRequiredService<IOptions<MqttOptions>>().Value.MaxBans, Tell(services)), services.GetRequiredService<LimitFile>(), options.Anonymous, options.ClientCaFile is not null,
            services.GetRequiredService<IHostApplicationLifetime>(), TimeProvider.System, services.GetRequiredService<ILogger<BrokerHost>>()));
        builder.Services.AddMqttBroker<BrokerHost>(engine =>
        {
            engine.DataDirectory = options.DataDirectory;
            options.Engine?.Invoke(engine);
        });
        if (listeners.Control is { } control)
            builder.Services.Configure<SocketTransportOptions>(sockets => sockets.CreateBoundListenSocket = endPoint => Bind(endPoint, control));
        builder.Services.AddOptions<MqttOptions>().Configure<LimitFile>(static (engine, limits) => limits.Apply(engine));
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options, listeners));
        var app = builder.Build();
        _ = app.Services.GetRequiredService<BrokerHost>(); // Files that cannot be used stop the start, not the first client.
        if (options.WebSocket is not null)
        {
            app.UseWebSockets();
            app.MapMqtt(admits: options.Admits);
        }

        if (listeners.Control is not null)
        {
            app.MapMqttInspection(configure: control => (control.Endpoints, control.SetLogLevel) = (listeners.Endpoints, level.Set))
                .AddEndpointFilter(static (call, next) => call.HttpContext.Features.Get<ControlConnection>() is null ? new(Results.NotFound()) : next(call));
        }

        return app;
    }

    private static Action<string> Tell(IServiceProvider services)
    {
        var logger = services.GetRequiredService<ILogger<BrokerServer>>();
        return problem => BrokerLog.NotReadAgain(logger, problem);
    }

    private static void Listen(KestrelServerOptions kestrel, BrokerOptions options, Listeners listeners)
    {
        kestrel.AddServerHeader = false;
        ListenOptions Behind(ListenOptions plain) => options.ProxiesFrom.Count == 0 ? plain : plain.UseConnectTimeout().UseProxyProtocol(options.ProxiesFrom);
        if (options.Mqtt is { } mqtt)
            kestrel.Listen(mqtt, listen => Behind(listeners.Mqtt = listen).UseMqtt());
        if (options.WebSocket is { } http)
            kestrel.Listen(http, listen => (listeners.WebSocket = listen).UseConnectTimeout().UseProxyProtocol(options.ProxiesFrom).Protocols = HttpProtocols.Http1);
        if (options.UnixSocket is { } path)
            kestrel.ListenUnixSocket(Path.GetFullPath(path), static listen => listen.UseMqtt());
        if (listeners.Control is { } control)
        {
            kestrel.ListenUnixSocket(control, static listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(Mark);
            });
        }

        if (options.Tls is { } tls)
            kestrel.Listen(tls, listen => (listeners.Tls = listen).UseConnectTimeout().UseProxyProtocol(options.ProxiesFrom).UseHttps(Secure(options, listen.ApplicationServices)).UseMqtt());
    }

    /// <summary>What comes by the control socket may administer; the HTTP of WebSocket may not.</summary>
    private static ConnectionDelegate Mark(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(ControlConnection.Is);
        return next(connection);
    };

    /// <summary>The control socket is its owner's before anybody can connect: it listens later.</summary>
    private static Socket Bind(EndPoint endPoint, string control)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        if (endPoint is UnixDomainSocketEndPoint unix && unix.ToString() == control)
            File.SetUnixFileMode(control, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return socket;
    }

    private static TlsHandshakeCallbackOptions Secure(BrokerOptions options, IServiceProvider services)
    {
        try
        {
            var certificate = new CertificateFile(options.CertificateFile!, options.KeyFile!, TimeProvider.System, Tell(services));
            var authorities = options.ClientCaFile is null ? null : CertificateFile.Authorities("--client-ca", options.ClientCaFile);
            return new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    ServerCertificateContext = certificate.Current,
                    ClientCertificateRequired = authorities is not null,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, shown, _, _) => authorities is null || (shown is X509Certificate2 certified && LeadsTo(certified, authorities)),
                }),
            };
        }
        catch (InvalidDataException e)
        {
            throw new BrokerConfigurationException(e.Message, e);
        }
    }

    private static bool LeadsTo(X509Certificate2 shown, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.2")); // Client authentication.
        return chain.Build(shown);
    }

    /// <summary>The socket of a process that was killed stays behind; one that is served stays.</summary>
    /// <exception cref="BrokerConfigurationException">It is no socket.</exception>
    private static void RemoveDeadSocket(string? path)
    {
        if (!File.Exists(path))
            return;
        if (IsFile(path))
            throw new BrokerConfigurationException($"{path} is a file and no socket; give another path.");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(Path.GetFullPath(path)));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
    }

    /// <summary>A socket cannot be opened as a file.</summary>
    private static bool IsFile(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private sealed class Listeners
    {
        public ListenOptions? Mqtt { get; set; }

        public ListenOptions? WebSocket { get; set; }

        public ListenOptions? Tls { get; set; }

        public string? Control { get; set; }

        /// <summary>Where it is served, by the names of the ready line.</summary>
        public Dictionary<string, string> Endpoints()
        {
            var served = new Dictionary<string, string>();
            foreach (var (name, listener) in new[] { ("mqtt", Mqtt), ("ws", WebSocket), ("tls", Tls) })
            {
                if (listener?.IPEndPoint is { } endPoint)
                    served[name] = endPoint.ToString();
            }

            return served;
        }
    }
}

/// <summary>Marks a connection that came by the control socket.</summary>
internal sealed class ControlConnection
{
    public static readonly ControlConnection Is = new();
}

internal static partial class BrokerLog
{
    [LoggerMessage(7010, LogLevel.Error, "{Problem} What was known before still holds.")]
    public static partial void NotReadAgain(ILogger logger, string problem);
}
