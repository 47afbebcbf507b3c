using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Strata.Node.Operations;

/// <summary>How a node's run ends: somebody asks, or a part of it fails.</summary>
public static class NodeLifetime
{
    /// <summary>
    /// Completes when the token is cancelled, the process is told to end, or a background service failed, which stops the host; disposing then stops the
    /// node, once.
    /// </summary>
    /// <returns>Why it ends; null when it was told to.</returns>
    public static async Task<Exception?> RunToItsEndAsync(this IHost host, CancellationToken cancellationToken)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var byToken = cancellationToken.Register(() => told.TrySetResult());
        await using var byHost = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => told.TrySetResult());
        await told.Task;
        return host.Services.GetServices<IHostedService>().OfType<BackgroundService>()
            .Select(s => s.ExecuteTask?.Exception?.InnerException).FirstOrDefault(e => e is not null and not OperationCanceledException);
    }

    /// <summary>Stops a node, also one whose start failed, within its time, and disposes it. What was started must be told to stop first: disposing alone takes from under it what it uses.</summary>
    public static async Task EndAsync(this WebApplication app, TimeSpan within)
    {
        using var deadline = new CancellationTokenSource(within);
        try
        {
            await app.StopAsync(deadline.Token);
        }
        finally
        {
            await app.DisposeAsync();
        }
    }
}
