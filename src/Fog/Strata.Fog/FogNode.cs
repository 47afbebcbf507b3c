using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Strata.Fog.Configuration;
using Strata.Fog.Served;
using Strata.Node.Operations;
using Strata.Telemetry;

namespace Strata.Fog;

/// <summary>
/// A running fog gateway. Disposing stops it within five seconds, with everything acknowledged on the disk, and gives the data folder back.
/// </summary>
public sealed class FogNode : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly FogFolder folder;

    private FogNode(WebApplication app, FogFolder folder, FogListeners listeners)
    {
        (this.app, this.folder) = (app, folder);
        (Http, Mqtt, Https, Mqtts) = (listeners.Http!.IPEndPoint!, listeners.Mqtt!.IPEndPoint!, listeners.Https?.IPEndPoint, listeners.Mqtts?.IPEndPoint);
    }

    /// <summary>Where HTTP is served, with the port that was taken.</summary>
    public IPEndPoint Http { get; }

    /// <summary>Where API and pages are served by TLS; null when they are not.</summary>
    public IPEndPoint? Https { get; }

    /// <summary>Where MQTT is served.</summary>
    public IPEndPoint Mqtt { get; }

    /// <summary>Where MQTT is served by TLS; null when it is not.</summary>
    public IPEndPoint? Mqtts { get; }

    /// <summary>Where a client on this machine reaches the API.</summary>
    public Uri Address => new($"http://{FogListeners.Reachable(Http)}/");

    /// <summary>The gateway's id.</summary>
    public string Id => Served.Own.Identity.Id;

    /// <summary>The administrator's token on this machine.</summary>
    public string AdminToken => Services.GetRequiredService<Node.Auth.AdminToken>().Value;

    internal IServiceProvider Services => app.Services;

    internal ServedTenants Served => Services.GetRequiredService<ServedTenants>();

    /// <summary>Starts a gateway; it serves when this completes. The first time it must join, for which it waits until the parent is there.</summary>
    /// <param name="error">Told while it waits.</param>
    /// <param name="configure">Changes what is composed, for tests.</param>
    /// <exception cref="FogConfigurationException">It cannot start as it is configured, or the parent refuses it.</exception>
    public static async Task<FogNode> StartAsync(
        FogOptions options, TextWriter error, Action<WebApplicationBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        options.Settings.On(options);
        options.Validate();
        var limits = new FogLimits(options);
        var folder = FogFolder.Open(options.DataFolder);
        WebApplication? app = null;
        try
        {
            var time = TimeProvider.System;
            var (http, mqtt) = (WithPort(options.Http), WithPort(options.Mqtt));
            var joining = new Joining(
                options, new JoinWish(options.JoinToken, options.Site, options.Name), folder.Own, time, "This gateway has not joined yet; give --join-token TOKEN and --site PATH",
                problem => error.WriteLine($"strata fog: cannot join at {options.Cloud} yet ({problem}); trying again."));
            var self = await joining.FindAsync(FogListeners.Reachable(mqtt), FogListeners.Reachable(http), cancellationToken);
            var listeners = new FogListeners();
            app = FogComposition.Build(options, limits, folder, self, listeners, (http, mqtt), time, configure);
            var own = app.Services.GetRequiredService<ServedTenantFactory>().Create("", self, folder.Own, CapacityShare.OwnOf(options));
            app.Services.GetRequiredService<ServedTenants>().Add(own);
            own.Load();
            await app.StartAsync(cancellationToken);
            var node = new FogNode(app, folder, listeners);
            folder.Describe(FogListeners.Reachable(node.Http), FogListeners.Reachable(node.Mqtt));
            return node;
        }
        catch (Exception e)
        {
            if (app is not null)
                await app.EndAsync(FogComposition.StopWithin).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Why it did not start is what counts.
            folder.Dispose();
            if (Explain(e, options) is { } problem)
                throw problem;
            throw;
        }
    }

    /// <summary>
    /// Runs a gateway until the token is cancelled or the process is told to end. Writes <c>ready http=HOST:PORT mqtt=HOST:PORT</c>, and <c>https=HOST:PORT</c> and <c>mqtts=HOST:PORT</c> where these are served, to
    /// <paramref name="output"/> when it serves.
    /// </summary>
    /// <returns>0 after a stop, 1 when a part of it failed, 2 when it cannot start as it is configured; then one sentence is on <paramref name="error"/>.</returns>
    public static async Task<int> RunAsync(FogOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            await using var node = await StartAsync(options, error, null, cancellationToken);
            await output.WriteLineAsync($"ready http={FogListeners.Reachable(node.Http)} mqtt={FogListeners.Reachable(node.Mqtt)}{Listens("https", node.Https)}{Listens("mqtts", node.Mqtts)}");
            await output.FlushAsync(cancellationToken);
            if (await node.app.RunToItsEndAsync(cancellationToken) is not { } failure)
                return 0;
            await error.WriteLineAsync($"strata fog: a part of the node failed, so it stops; start it again and report this: {failure.Message}");
            return 1;
        }
        catch (FogConfigurationException e)
        {
            await error.WriteLineAsync($"strata fog: {e.Message}");
            return 2;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0; // Told to stop while starting or joining.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.EndAsync(FogComposition.StopWithin);
        folder.Dispose();
    }

    private static string Listens(string what, IPEndPoint? at) => at is null ? "" : $" {what}={FogListeners.Reachable(at)}";

    /// <summary>A free port in place of 0, so that the gateway can say when it joins where it will serve.</summary>
    private static IPEndPoint WithPort(IPEndPoint wanted) => wanted.Port == 0 ? new IPEndPoint(wanted.Address, FreePort.Draw(wanted.Address)) : wanted;

    /// <summary>What an operator can mend, as one sentence; null for a fault of the program.</summary>
    private static FogConfigurationException? Explain(Exception e, FogOptions options) => e switch
    {
        OptionsValidationException wrong => new FogConfigurationException(string.Join(" ", wrong.Failures), wrong),
        InvalidDataException damaged => new FogConfigurationException(damaged.Message, damaged),
        TelemetryStoreException store => new FogConfigurationException($"The local store in {options.DataFolder} cannot be opened: {store.Message}", store),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } used => new FogConfigurationException(
            $"Cannot serve at {options.Http}, {options.Mqtt}{(options.Https is { } tls ? $", {tls}" : "")}{(options.Mqtts is { } mqtts ? $", {mqtts}" : "")}: {used.Message.TrimEnd('.')}; stop what serves there, or choose others with --http, --mqtt, --https and --mqtts.", used),
        IOException or UnauthorizedAccessException or SocketException => new FogConfigurationException(
            $"Cannot start with {options.DataFolder}, {options.Http} and {options.Mqtt}: {e.Message}", e),
        _ => null,
    };
}
