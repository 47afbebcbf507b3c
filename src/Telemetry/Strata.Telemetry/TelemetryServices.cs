using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Telemetry.DuckDb;
using Strata.Telemetry.Ingest;

namespace Strata.Telemetry;

/// <summary>How a node takes the telemetry store and its writer in.</summary>
public static class TelemetryServices
{
    /// <summary>
    /// Adds the embedded store as <see cref="ITelemetryStore"/>, the <see cref="IngestWriter"/>, <see cref="LatestValues"/> (the first observer) and a
    /// <see cref="ReadingBatchPool"/>. The store is opened before, and closed after, anything that was added later is started and stopped. Observers are
    /// added as <see cref="ICommitObserver"/> and called in the order added. A <see cref="TimeProvider"/> must be registered.
    /// </summary>
    public static IServiceCollection AddTelemetryStore(
        this IServiceCollection services, Action<TelemetryStoreOptions> configure, Action<IngestOptions>? ingest = null)
    {
        services.AddOptions<TelemetryStoreOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<DuckDbTelemetryStore>(p => new(
            p.GetRequiredService<IOptions<TelemetryStoreOptions>>().Value, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<DuckDbTelemetryStore>>(), p.GetService<IDeviceClasses>()));
        services.AddSingleton<ITelemetryStore>(p => p.GetRequiredService<DuckDbTelemetryStore>());
        services.AddHostedService<Opening>();
        return services.AddIngest(ingest);
    }

    /// <summary>Lets tenants have stores of their own beside the one that was added before: <see cref="RoutedTelemetryStore"/> takes its place.</summary>
    public static IServiceCollection AddTenantStores<TShared>(this IServiceCollection services)
        where TShared : class, ITelemetryStore
    {
        services.AddSingleton<RoutedTelemetryStore>(p => new(
            p.GetRequiredService<TShared>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<DuckDbTelemetryStore>>(), p.GetService<IDeviceClasses>()));
        services.AddSingleton<ITelemetryStore>(p => p.GetRequiredService<RoutedTelemetryStore>());
        return services;
    }

    /// <summary>What every store needs beside itself; the store's own opening is added before.</summary>
    internal static IServiceCollection AddIngest(this IServiceCollection services, Action<IngestOptions>? ingest)
    {
        services.AddOptions<IngestOptions>().Configure(ingest ?? (_ => { })).ValidateDataAnnotations().ValidateOnStart();
        services.AddMetrics();
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton(new ReadingBatchPool());
        services.AddSingleton<LatestValues>(p => new(
            p.GetRequiredService<ITelemetryStore>(), p.GetRequiredService<IOptions<IngestOptions>>().Value, p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ICommitObserver>(p => p.GetRequiredService<LatestValues>());
        services.AddSingleton<IngestWriter>(p => new(
            p.GetRequiredService<ITelemetryStore>(), p.GetRequiredService<IOptions<IngestOptions>>().Value, p.GetServices<ICommitObserver>(),
            p.GetRequiredService<IngestMetrics>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<IngestWriter>>()));
        services.AddHostedService(p => p.GetRequiredService<IngestWriter>());
        return services;
    }

    /// <summary>A store that cannot be opened stops the start.</summary>
    private sealed class Opening(DuckDbTelemetryStore store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => store.OpenAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => store.DisposeAsync().AsTask();
    }
}
