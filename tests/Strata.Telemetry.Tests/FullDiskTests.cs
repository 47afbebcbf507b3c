using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Tenancy;
using Strata.Telemetry.DuckDb;
using Strata.Telemetry.Ingest;
using Strata.Testing;

namespace Strata.Telemetry.Tests;

/// <summary>A disk without room, a real one: a small file system in memory.</summary>
public sealed class FullDiskTests : IAsyncDisposable
{
    private const int Recovered = 3103;
    private readonly TemporaryFolder folder = new();
    private bool mounted;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (mounted)
            await ForeignTool.RunAsync("umount", "--lazy", folder.Path);
        folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public async Task Nothing_is_acknowledged_that_is_not_there_and_the_store_recovers_by_itself(int checkpointMiB)
    {
        await Mount("28m");
        var ballast = Path.Combine(folder.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[18 << 20], Cancel);
        var options = new TelemetryStoreOptions { Folder = Path.Combine(folder.Path, "store"), CheckpointMiB = checkpointMiB };
        await using var store = new DuckDbTelemetryStore(options, TimeProvider.System, NullLogger<DuckDbTelemetryStore>.Instance);
        await store.OpenAsync(Cancel);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new IngestMetrics(services.GetRequiredService<IMeterFactory>());
        var log = new EventLogger<IngestWriter>();
        var ingest = new IngestOptions { ProbeDelay = TimeSpan.FromMilliseconds(20), ProbeMaxDelay = TimeSpan.FromMilliseconds(100) };
        await using var writer = new IngestWriter(store, ingest, [], metrics, TimeProvider.System, log);
        await writer.StartAsync(Cancel);

        var acknowledged = 0L;
        var fault = await Assert.ThrowsAsync<TelemetryStoreException>(async () =>
        {
            while (acknowledged < 100_000)
            {
                await writer.CommitAsync(Numbered.Write(acknowledged + 1), Cancel);
                acknowledged++;
            }
        });
        Assert.False(writer.CanCommit);
        Assert.False(store.Health.CanCommit);
        Assert.Contains("Nothing is acknowledged", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TelemetryStoreException>(() => writer.CommitAsync(Numbered.Write(acknowledged + 1), Cancel));
        Assert.NotEmpty(store.Health.Detail);

        File.Delete(ballast);
        await Deadline.For(log.Happened(Recovered), "the writer commits again; it said: " + writer.Fault);
        Assert.True(writer.CanCommit);
        Assert.True(store.Health.CanCommit, store.Health.Detail);
        Assert.InRange(await Numbered.Verify(store), acknowledged, acknowledged + 1);
        // The commit without an answer is sent again, and counts once.
        for (var number = acknowledged + 1; number <= acknowledged + 50; number++)
            await writer.CommitAsync(Numbered.Write(number), Cancel);
        Assert.Equal(acknowledged + 50, await Numbered.Verify(store));
        Assert.Single(await store.ProgressAsync(TenantId.Main, null, Cancel));
    }

    private async Task Mount(string size)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("Only root can mount the small file system that this test fills.");
        var (exit, output) = await ForeignTool.RunAsync("mount", "-t", "tmpfs", "-o", $"size={size},mode=0700", "tmpfs", folder.Path);
        if (exit != 0)
            ForeignTool.Missing($"The small file system cannot be mounted here: {output}");
        mounted = true;
    }
}
