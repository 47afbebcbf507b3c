using Strata.Testing;
using Strata.Testing.Postgres;

namespace Strata.Telemetry.Tests.Postgres;

/// <summary>The server is stopped, its sessions are ended, its disk fills, it hangs, while several sources write through the one writer: nothing acknowledged is missing or there twice.</summary>
public sealed class PostgresFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sessions_that_are_ended_and_a_server_that_is_stopped()
    {
        await using var load = await StoreUnderLoad.StartAsync(20, TimeSpan.FromSeconds(30));
        var random = new Random(5);
        for (var round = 0; round < 12; round++)
        {
            await load.AcknowledgedAsync(random.Next(1, 40), $"an acknowledgement in round {round}");
            if (round % 6 == 3)
                await StopAndStartAsync(load);
            else
                await TestDatabase.ExecuteAsync(load.Database.Admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'strata-%'");
        }
        await load.RecoveredAsync();
        await load.VerifyAsync();
    }

    [Fact]
    public async Task A_disk_without_room()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("Only root can mount the small file system that this test fills.");
        var folder = Directory.CreateTempSubdirectory("strata-pg-small-").FullName;
        var (exit, output) = await ForeignTool.RunAsync("mount", "-t", "tmpfs", "-o", "size=48m,mode=0755", "tmpfs", folder);
        if (exit != 0)
            ForeignTool.Missing($"The small file system cannot be mounted here: {output}");
        try
        {
            var ballast = Path.Combine(folder, "ballast");
            await using var load = await StoreUnderLoad.StartAsync(500, TimeSpan.FromSeconds(30), async l =>
            {
                var space = Directory.CreateDirectory(Path.Combine(folder, "space")).FullName;
                await ForeignTool.RunAsync("/bin/chown", "postgres", space);
                await TestDatabase.ExecuteAsync(await l.Server.AdminAsync(), $"CREATE TABLESPACE small LOCATION '{space}'");
                await TestDatabase.ExecuteAsync(await l.Server.AdminAsync(), $"ALTER DATABASE {new Npgsql.NpgsqlConnectionStringBuilder(l.Database.Admin).Database} SET TABLESPACE small");
                await File.WriteAllBytesAsync(ballast, new byte[26 << 20], Cancel);
            });
            await load.FailedAsync("the disk fills");
            while (load.Store.Health.CanCommit)
                await load.FailedAsync("a write that fails");
            Assert.Contains("No space left on device", load.Store.Health.Detail, StringComparison.Ordinal);
            Assert.Contains("Nothing is acknowledged until a commit succeeds", load.Store.Health.Detail, StringComparison.Ordinal);
            File.Delete(ballast);
            await load.RecoveredAsync();
            await load.VerifyAsync();
        }
        finally
        {
            await ForeignTool.RunAsync("umount", "--lazy", folder);
            Directory.Delete(folder);
        }
    }

    [Fact]
    public async Task A_server_that_hangs_for_less_than_a_commit_may_take_is_waited_for()
    {
        await using var load = await StoreUnderLoad.StartAsync(20, TimeSpan.FromSeconds(60));
        await load.AcknowledgedAsync(10, "acknowledgements");
        await load.Server.FreezeAsync();
        await SlowAsync(load);
        Assert.True(load.Store.Health.CanCommit, load.Store.Health.Detail);
        await load.Server.ThawAsync();
        await load.RecoveredAsync();
        Assert.Equal(0, load.Failures());
        Assert.Null(load.Writer.SlowCommit);
        await load.VerifyAsync();
    }

    [Fact]
    public async Task A_server_that_hangs_for_longer_fails_the_commit_and_is_gone_on_with_when_it_answers()
    {
        await using var load = await StoreUnderLoad.StartAsync(20, TimeSpan.FromSeconds(1));
        for (var round = 0; round < 2; round++)
        {
            await load.AcknowledgedAsync(10, "acknowledgements");
            await load.Server.FreezeAsync();
            await SlowAsync(load);
            await load.FailedAsync("a commit that takes too long fails");
            while (load.Store.Health.CanCommit)
                await load.FailedAsync("a write that fails while the server hangs");
            Assert.Contains("Nothing is acknowledged until a commit succeeds", load.Store.Health.Detail, StringComparison.Ordinal);
            await load.Server.ThawAsync();
            await load.RecoveredAsync();
        }
        await load.VerifyAsync();
    }

    private static async Task SlowAsync(StoreUnderLoad load)
    {
        var slow = Task.Run(async () =>
        {
            while (load.Writer.SlowCommit is null)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancel);
        }, Cancel);
        await Deadline.For(slow, "the writer says that a commit is slow");
    }

    private static async Task StopAndStartAsync(StoreUnderLoad load)
    {
        await load.Server.StopAsync();
        while (load.Store.Health.CanCommit)
            await load.FailedAsync("a write that fails while the server is stopped");
        Assert.False(load.Writer.CanCommit && load.Store.Health.CanCommit);
        Assert.Contains("Nothing is acknowledged until a commit succeeds", load.Store.Health.Detail, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TelemetryStoreException>(async () => await load.Store.CountAsync(Core.Tenancy.TenantId.Main, null, Cancel));
        await load.Server.StartAgainAsync();
    }
}
