using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Reads;

namespace Strata.Node.Link;

/// <summary>
/// The links to the gateways that dial this node: one for each gateway, the newest stands. Sends them their configuration and changes, and
/// asks their APIs; a gateway further down is asked through the one that leads to it. Safe from any thread.
/// </summary>
public sealed partial class GatewayLinkHub : IGatewayAsker, IDisposable
{
    private readonly GatewayDirectory gateways;
    private readonly TenantDirectory tenants;
    private readonly IGatewayConfigurationSource configurations;
    private readonly ILinkEvents events;
    private readonly GatewayLinkOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<GatewayLinkHub> logger;
    private readonly IDownward? downward;
    private readonly ConcurrentDictionary<(TenantId, GatewayId), GatewayLink> links = new();
    private readonly ConcurrentDictionary<(TenantId, GatewayId), GatewayId> routes = new();
    private long lastRequest;
    private volatile bool stopping;

    public GatewayLinkHub(
        GatewayDirectory gateways, TenantDirectory tenants, IGatewayConfigurationSource configurations, ILinkEvents events, IOptions<GatewayLinkOptions> options,
        TimeProvider time, ILogger<GatewayLinkHub> logger, IDownward? downward = null)
    {
        this.downward = downward;
        if (downward is not null)
            downward.Added += OnDownward;
        (this.gateways, this.tenants, this.configurations, this.events) = (gateways, tenants, configurations, events);
        (this.options, this.time, this.logger) = (options.Value, time, logger);
        configurations.Changed += OnChanged;
        gateways.Revoked += OnRevoked;
        tenants.Changed += OnTenantChanged;
    }

    /// <summary>Whether the gateway has a link to this node now.</summary>
    public bool IsUp(TenantId tenant, GatewayId gateway) => links.ContainsKey((tenant, gateway));

    /// <summary>The link's state; null when the gateway has none here.</summary>
    public GatewayLinkState? StateOf(TenantId tenant, GatewayId gateway) =>
        links.TryGetValue((tenant, gateway), out var link)
            ? new GatewayLinkState(gateway, link.Since, new DateTimeOffset(Volatile.Read(ref link.LastHeardTicks), TimeSpan.Zero), link.RoundTrip)
            : null;

    /// <summary>
    /// Asks a gateway's own API: <c>GET</c> under <c>/api/v1/</c>. A gateway without a link here is asked through the gateway it is chained to. Waits
    /// <see cref="GatewayLinkOptions.AnswerTimeout"/> at most.
    /// </summary>
    /// <returns>The answer, whatever its status; or <see cref="ProblemKind.Unavailable"/> (offline, no answer in time),
    /// <see cref="ProblemKind.TooMuch"/> (too many wait), <see cref="ProblemKind.NotFound"/> (unknown), <see cref="ProblemKind.Invalid"/> (path).</returns>
    public async ValueTask<Outcome<GatewayReply>> AskAsync(TenantId tenant, GatewayId gateway, string path, CancellationToken cancellationToken)
    {
        if (!path.StartsWith("/api/v1/", StringComparison.Ordinal) || path.Length > 8192 || path.AsSpan().IndexOfAnyInRange('\0', ' ') >= 0)
            return new Problem(ProblemKind.Invalid, "A gateway is asked for a path under /api/v1/ only, without spaces.", "path");
        var first = FirstHop(tenant, gateway);
        if (first is null)
        {
            return gateways.TryGet(tenant, gateway, out _)
                ? new Problem(ProblemKind.Unavailable, $"Gateway '{gateway}' is offline.")
                : new Problem(ProblemKind.NotFound, $"There is no gateway '{gateway}'.");
        }
        var relayed = first.Gateway.Gateway == gateway ? path : $"/api/v1/gateways/{gateway}{path}";
        return await AskAsync(first, gateway, relayed, cancellationToken);
    }

    /// <summary>Something came from the gateway: it lives.</summary>
    internal void Heard(GatewayEntry gateway)
    {
        if (links.TryGetValue((gateway.Tenant, gateway.Gateway), out var link))
            Volatile.Write(ref link.LastHeardTicks, time.GetUtcNow().UtcTicks);
    }

    /// <summary>Remembers that a gateway further down is reached through <paramref name="through"/>.</summary>
    internal void LearnRoute(GatewayEntry through, GatewayId below)
    {
        if (routes.Count < options.MaxRoutes || routes.ContainsKey((through.Tenant, below)))
            routes[(through.Tenant, below)] = through.Gateway;
    }

    /// <summary>Hands an answer to who waits for it; false when nobody does (any more).</summary>
    internal bool Complete(GatewayEntry gateway, string requestId, GatewayReply reply) =>
        links.TryGetValue((gateway.Tenant, gateway.Gateway), out var link) && link.Complete(requestId, reply);

    internal bool IsWaiting(GatewayEntry gateway, string requestId) =>
        links.TryGetValue((gateway.Tenant, gateway.Gateway), out var link) && link.IsWaiting(requestId);

    /// <summary>Ends all links: the node stops. New ones are refused.</summary>
    public void Stop()
    {
        stopping = true;
        foreach (var link in links.Values)
            link.End("the node stops");
    }

    public void Dispose()
    {
        configurations.Changed -= OnChanged;
        if (downward is not null)
            downward.Added -= OnDownward;
        gateways.Revoked -= OnRevoked;
        tenants.Changed -= OnTenantChanged;
        Stop();
    }

    private async ValueTask<Outcome<GatewayReply>> AskAsync(GatewayLink link, GatewayId gateway, string path, CancellationToken cancellationToken)
    {
        var id = $"r{Interlocked.Increment(ref lastRequest)}";
        var sent = time.GetTimestamp();
        if (link.Ask(id, path) is not { } answer)
            return new Problem(ProblemKind.TooMuch, $"Too many requests wait for gateway '{link.Gateway.Gateway}'; try again later.");
        try
        {
            var reply = await answer.WaitAsync(options.AnswerTimeout, time, cancellationToken);
            link.RoundTrip = time.GetElapsedTime(sent);
            return reply;
        }
        catch (TimeoutException)
        {
            return new Problem(ProblemKind.Unavailable, $"Gateway '{gateway}' did not answer within {options.AnswerTimeout.TotalSeconds:0.#} s.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Problem(ProblemKind.Unavailable, $"The link to gateway '{link.Gateway.Gateway}' ended before it answered.");
        }
        finally
        {
            link.Forget(id);
        }
    }

    /// <summary>The linked gateway that is or leads to the one asked for.</summary>
    private GatewayLink? FirstHop(TenantId tenant, GatewayId gateway)
    {
        for (var steps = 0; steps <= GatewayDirectory.MaxChain; steps++)
        {
            if (links.TryGetValue((tenant, gateway), out var link))
                return link;
            if (gateways.TryGet(tenant, gateway, out var entry) && entry.Parent is { } parent)
                gateway = parent;
            else if (routes.TryGetValue((tenant, gateway), out var through))
                gateway = through;
            else
                return null;
        }
        return null;
    }

    private void OnChanged(TenantId tenant, GatewayId gateway)
    {
        if (links.TryGetValue((tenant, gateway), out var link))
            link.SignalChanged();
    }

    private void OnDownward(TenantId tenant, GatewayId gateway)
    {
        if (links.TryGetValue((tenant, gateway), out var link))
            link.SignalDownward();
    }

    private void OnTenantChanged(TenantId tenant)
    {
        if (tenants.IsActive(tenant))
            return;
        foreach (var link in links.Values.Where(l => l.Gateway.Tenant == tenant))
            link.End("the tenant is disabled");
    }

    private void OnRevoked(GatewayEntry old, GatewayEntry? now)
    {
        if (links.TryGetValue((old.Tenant, old.Gateway), out var link))
            link.End("its access was revoked");
    }
}
