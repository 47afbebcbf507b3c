using Microsoft.Extensions.Logging.Abstractions;
using Strata.Telemetry.DuckDb;
using Strata.Testing;

namespace Strata.Telemetry.Tests;

/// <summary>What is left after a process died at any moment, and after its last write was torn.</summary>
public sealed class CrashTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task After_kill_9_every_commit_that_returned_is_there_and_nothing_twice()
    {
        // STRATA_KILL_ROUNDS: more rounds for a long run.
        var rounds = int.Parse(Environment.GetEnvironmentVariable("STRATA_KILL_ROUNDS") ?? "6");
        var random = new Random();
        var store = Path.Combine(folder.Path, "store");
        var acknowledged = 0L;
        for (var round = 0; round < rounds; round++)
        {
            using var child = Committer.Start(store);
            // After some hundred commits, checkpoints among them, at no moment in particular.
            var until = acknowledged + random.Next(1, 400);
            while (acknowledged < until)
                acknowledged = long.Parse((await Deadline.For(child.StandardOutput.ReadLineAsync(Cancel).AsTask(), "a commit of the child"))!);
            child.Kill();
            await Deadline.For(child.WaitForExitAsync(Cancel), "the child's end");
            foreach (var line in (await child.StandardOutput.ReadToEndAsync(Cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                acknowledged = Math.Max(acknowledged, long.TryParse(line, out var number) ? number : 0);

            await using var reopened = await Open(store);
            Assert.InRange(await Numbered.Verify(reopened), acknowledged, acknowledged + 1);
        }
    }

    [Fact]
    public async Task A_log_torn_at_any_byte_leaves_whole_commits_and_a_store_that_goes_on()
    {
        const int commits = 12;
        var whole = Path.Combine(folder.Path, "whole");
        await using var store = await Open(whole);
        for (var number = 1; number <= commits; number++)
            await store.CommitAsync([Numbered.Write(number)], Cancel);
        var length = new FileInfo(Path.Combine(whole, "telemetry.duckdb.wal")).Length;
        var random = new Random();
        var seen = new HashSet<long>();
        for (var round = 0; round < 12; round++)
        {
            var at = round switch { 0 => 0, 1 => 1, 2 => length - 1, 3 => length, _ => random.NextInt64(length) };
            foreach (var filled in (bool[])[false, true])
            {
                var copy = Path.Combine(folder.Path, $"torn-{round}-{filled}");
                Directory.CreateDirectory(copy);
                foreach (var file in Directory.GetFiles(whole))
                    File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
                using (var log = new FileStream(Path.Combine(copy, "telemetry.duckdb.wal"), FileMode.Open))
                {
                    // A page that never reached the disk reads as nothing, or as zeros.
                    log.SetLength(at);
                    if (filled)
                        log.SetLength(length);
                }
                await using var torn = await Open(copy);
                var last = await Numbered.Verify(torn);
                seen.Add(last);
                await torn.CommitAsync([Numbered.Write(last + 1)], Cancel);
                Assert.Equal(last + 1, await Numbered.Verify(torn));
            }
        }
        Assert.Contains(commits, seen);
        Assert.True(seen.Count > 2, $"Only {string.Join(", ", seen)} commits were ever left.");
    }

    private static async Task<DuckDbTelemetryStore> Open(string path)
    {
        var store = new DuckDbTelemetryStore(new TelemetryStoreOptions { Folder = path }, TimeProvider.System, NullLogger<DuckDbTelemetryStore>.Instance);
        await store.OpenAsync(Cancel);
        return store;
    }
}
