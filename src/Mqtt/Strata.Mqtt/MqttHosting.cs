using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Strata.Mqtt;

/// <summary>Registers the engine with an ASP.NET Core program.</summary>
public static class MqttHosting
{
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

        // What a peer may have in our memory before it is read; also its share before CONNECT is accepted.
        services.Configure<SocketTransportOptions>(static options => options.MaxReadBufferSize = 64 * 1024);
        return services;
    }

    /// <summary>Serves MQTT on this endpoint, with the broker of <see cref="AddMqttBroker"/>.</summary>
    public static ListenOptions UseMqtt(this ListenOptions listen)
    {
        var broker = listen.ApplicationServices.GetRequiredService<MqttBroker>();
        listen.Run(broker.ServeAsync);
        return listen;
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
        lifetime.ApplicationStopping.Register(() => stopping = broker.StopAsync(CancellationToken.None));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => stopping.WaitAsync(cancellationToken);
}
