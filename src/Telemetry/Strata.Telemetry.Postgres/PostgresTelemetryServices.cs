using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Telemetry.Ingest;

namespace Strata.Telemetry.Postgres;

/// <summary>How a node takes the shared store in.</summary>
public static class PostgresTelemetryServices
{
    /// <summary>As <see cref="TelemetryServices.AddTelemetryStore"/>, with PostgreSQL as the store.</summary>
    public static IServiceCollection AddPostgresTelemetryStore(
        this IServiceCollection services, Action<PostgresTelemetryOptions> configure, Action<IngestOptions>? ingest = null)
    {
        services.AddOptions<PostgresTelemetryOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PostgresTelemetryStore>(p => new(
            p.GetRequiredService<IOptions<PostgresTelemetryOptions>>().Value, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<PostgresTelemetryStore>>(),
            p.GetService<IDeviceClasses>()));
        services.AddSingleton<ITelemetryStore>(p => p.GetRequiredService<PostgresTelemetryStore>());
        services.AddHostedService<Opening>();
        return services.AddIngest(ingest);
    }

    /// <summary>A store that cannot be opened stops the start.</summary>
    private sealed class Opening(PostgresTelemetryStore store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => store.OpenAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => store.DisposeAsync().AsTask();
    }
}
