using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Strata.Cloud.Tenancy.Tokens;

/// <summary>Ends tokens whose time is over, with what was opened with them, and writes when tokens were used last, at a bounded rate.</summary>
internal sealed partial class TokenClerk(TokenDirectory directory, TenancyStore store, TenancyOptions options, TimeProvider time, ILogger<TokenClerk> logger) : BackgroundService
{
    /// <summary>Writes the last uses. Also called by tests in place of the clock.</summary>
    internal async Task WriteUseAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in directory.TakeUsed())
            await store.NoteUseAsync(tenant.Key, tenant.ToDictionary(u => u.Prefix, u => u.At, StringComparer.Ordinal), cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.ExpiryInterval, time);
        var written = time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var expired in directory.TakeExpired())
                    LogExpired(expired.Name, expired.TenantId);
                if (time.GetElapsedTime(written) < options.LastUseInterval)
                    continue;
                written = time.GetTimestamp();
                await TryWriteUseAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TryWriteUseAsync(CancellationToken.None);
        }
    }

    private async Task TryWriteUseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteUseAsync(cancellationToken);
        }
#pragma warning disable CA1031 // When a token was used last is worth less than the node: the next use is written the next time.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotWritten(failure);
        }
    }

    [LoggerMessage(5260, LogLevel.Information, "The token {Name} of {Tenant} has expired.")]
    private partial void LogExpired(string name, string tenant);

    [LoggerMessage(5261, LogLevel.Warning, "When tokens were used last could not be written.")]
    private partial void LogNotWritten(Exception failure);
}
