using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Strata.Cloud.Platform.Isolation;
using Strata.Node.Auth;
using Strata.Node.Operations;
using Strata.Postgres;
using Strata.Telemetry;

namespace Strata.Cloud;

/// <summary>
/// A running cloud node. Disposing stops it within five seconds, with everything acknowledged on the disk, and gives the data folder back.
/// </summary>
public sealed class CloudNode : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly DataFolder folder;

    private CloudNode(WebApplication app, DataFolder folder, CloudListeners listeners)
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
    public Uri Address => new($"http://{Reachable(Http)}/");

    /// <summary>The administrator's token on this machine.</summary>
    public string AdminToken => Services.GetRequiredService<AdminToken>().Value;

    internal IServiceProvider Services => app.Services;

    /// <summary>Starts a node; it serves when this completes.</summary>
    /// <param name="configure">Changes what is composed, for tests.</param>
    /// <exception cref="CloudConfigurationException">It cannot start as it is configured.</exception>
    public static async Task<CloudNode> StartAsync(
        CloudOptions options, Action<WebApplicationBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        options.TakeSettings();
        options.Validate();
        var folder = DataFolder.Open(options.DataFolder);
        WebApplication? app = null;
        try
        {
            if (options.Database is { } database)
                await CloudDatabase.Schema.CheckAsync(DatabaseAddress.Parse(database), cancellationToken);
            var listeners = new CloudListeners();
            app = CloudComposition.Build(options, folder, listeners, configure);
            await app.StartAsync(cancellationToken);
            var node = new CloudNode(app, folder, listeners);
            folder.Describe(Reachable(node.Http), Reachable(node.Mqtt));
            return node;
        }
        catch (Exception e)
        {
            if (app is not null)
                await app.EndAsync(CloudComposition.StopWithin).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Why it did not start is what counts.
            folder.Dispose();
            if (Explain(e, options) is { } problem)
                throw problem;
            throw;
        }
    }

    /// <summary>
    /// Runs a node until the token is cancelled or the process is told to end. Writes <c>ready http=HOST:PORT mqtt=HOST:PORT</c>, and <c>https=HOST:PORT</c> and <c>mqtts=HOST:PORT</c> where those are served, to <paramref name="output"/>
    /// when it serves, and at the first start the dashboard's link to <paramref name="error"/>.
    /// </summary>
    /// <returns>0 after a stop, 1 when a part of it failed, 2 when it cannot start as it is configured; then one sentence is on <paramref name="error"/>.</returns>
    public static async Task<int> RunAsync(CloudOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            var first = !File.Exists(Path.Combine(options.DataFolder, Node.Auth.AdminToken.FileName));
            await using var node = await StartAsync(options, null, cancellationToken);
            await node.WelcomeAsync(first, error);
            await output.WriteLineAsync($"ready http={Reachable(node.Http)} mqtt={Reachable(node.Mqtt)}{(node.Https is { } https ? $" https={Reachable(https)}" : "")}{(node.Mqtts is { } mqtts ? $" mqtts={Reachable(mqtts)}" : "")}");
            await output.FlushAsync(cancellationToken);
            if (await node.app.RunToItsEndAsync(cancellationToken) is not { } failure)
                return 0;
            await error.WriteLineAsync($"strata cloud: a part of the node failed, so it stops; start it again and report this: {failure.Message}");
            return 1;
        }
        catch (CloudConfigurationException e)
        {
            await error.WriteLineAsync($"strata cloud: {e.Message}");
            return 2;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0; // Told to stop while starting.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.EndAsync(CloudComposition.StopWithin);
        folder.Dispose();
    }

    private async Task WelcomeAsync(bool first, TextWriter error)
    {
        if (!first)
        {
            await error.WriteLineAsync($"dashboard: http://{Reachable(Http)}/ (a new sign-in link: strata cloud link --data {folder.Path})");
            return;
        }
        var (code, _) = Services.GetRequiredService<OneTimeLinks>().Create(Services.GetRequiredService<AdminToken>().Owner, welcomes: true);
        await error.WriteLineAsync($"dashboard: http://{Reachable(Http)}{LoginEndpoints.PathOf(code)} (opens once, within {OneTimeLinks.Lifetime.TotalMinutes:0} minutes; a new one: strata cloud link --data {folder.Path})");
    }

    /// <summary>An end point as clients on this machine use it: any-address becomes loopback.</summary>
    internal static string Reachable(IPEndPoint endPoint) => endPoint.Address switch
    {
        var any when any.Equals(IPAddress.Any) => new IPEndPoint(IPAddress.Loopback, endPoint.Port).ToString(),
        var any when any.Equals(IPAddress.IPv6Any) => new IPEndPoint(IPAddress.IPv6Loopback, endPoint.Port).ToString(),
        _ => endPoint.ToString(),
    };

    /// <summary>What an operator can mend, as one sentence; null for a fault of the program.</summary>
    private static CloudConfigurationException? Explain(Exception e, CloudOptions options) => e switch
    {
        OptionsValidationException wrong => new CloudConfigurationException(string.Join(" ", wrong.Failures), wrong),
        DatabaseException wrong => new CloudConfigurationException(wrong.Message, wrong),
        TelemetryStoreException store when options.Database is not null => new CloudConfigurationException(store.Message, store),
        InstallationKeyException key => new CloudConfigurationException(key.Message, key),
        InvalidDataException damaged => new CloudConfigurationException(damaged.Message, damaged),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } used => new CloudConfigurationException(
            $"Cannot serve at {options.Http}, {string.Join(", ", new[] { options.Mqtt, options.Https, options.Mqtts }.OfType<IPEndPoint>())}: {used.Message.TrimEnd('.')}; stop what serves there, or choose others with --http, --mqtt, --https and --mqtts.", used),
        IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException => new CloudConfigurationException(
            $"Cannot start with {options.DataFolder}, {options.Http} and {options.Mqtt}: {e.Message}", e),
        _ => null,
    };
}

/// <summary>The listeners as they were configured; after the start their end points have the real ports.</summary>
internal sealed class CloudListeners
{
    public ListenOptions? Http { get; set; }

    public ListenOptions? Https { get; set; }

    public ListenOptions? Mqtt { get; set; }

    public ListenOptions? Mqtts { get; set; }
}
