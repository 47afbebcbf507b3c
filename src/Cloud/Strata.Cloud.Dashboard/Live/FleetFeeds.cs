using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>The feed of each reader: what one sees, another does not.</summary>
internal sealed class FleetFeeds
{
    private readonly IHttpClientFactory clients;
    private readonly IOptions<DashboardOptions> options;
    private readonly TimeProvider time;
    private readonly ILogger<FleetFeed> log;
    private readonly ConcurrentDictionary<DashboardReader, FleetFeed> feeds = new();

    public FleetFeeds(IHttpClientFactory clients, IOptions<DashboardOptions> options, TimeProvider time, ILogger<FleetFeed> log, IHostApplicationLifetime lifetime)
    {
        (this.clients, this.options, this.time, this.log) = (clients, options, time, log);
        lifetime.ApplicationStopping.Register(Stop);
    }

    /// <summary>The feed of a reader in the tenant that he is in.</summary>
    public FleetFeed Of(DashboardReader reader) => feeds.GetOrAdd(
        reader, r => new FleetFeed(() => NodeApi.Open(clients, options.Value, r), time, log, ended => feeds.TryRemove(new KeyValuePair<DashboardReader, FleetFeed>(r, ended))));

    private void Stop()
    {
        foreach (var feed in feeds.Values)
            feed.Stop();
    }
}
