using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.DuckDb;

namespace Strata.Telemetry.Tests;

/// <summary>
/// A process that commits without end, one numbered message a commit, and prints each number once its commit has returned. It goes on behind the highest number
/// that it finds.
/// </summary>
internal static class Committer
{
    public const string Verb = "commit";

    public static Process Start(string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(Committer).Assembly.Location);
        start.ArgumentList.Add(Verb);
        start.ArgumentList.Add(folder);
        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync(string folder)
    {
        var options = new TelemetryStoreOptions { Folder = folder, CheckpointMiB = 1 };
        var store = new DuckDbTelemetryStore(options, TimeProvider.System, NullLogger<DuckDbTelemetryStore>.Instance);
        await store.OpenAsync(CancellationToken.None);
        var progress = await store.ProgressAsync(TenantId.Main, Numbered.Source, CancellationToken.None);
        await using var ledger = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        for (var number = progress.Count == 0 ? 1 : progress[0].Seen[^1].Last + 1; ; number++)
        {
            await store.CommitAsync([Numbered.Write(number)], CancellationToken.None);
            await ledger.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{number}\n"));
        }
    }
}

/// <summary>Messages whose rows follow from their number, and the check that a store holds exactly those up to some number.</summary>
internal static class Numbered
{
    public const string Source = "committer";
    public const int Rows = 200;
    public const int Bytes = 1_000;

    public static TelemetryWrite Write(long number)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        for (var i = 0; i < Rows; i++)
            batch.Add(Row(number, i));
        // Each third also says again what the one before said: rows that are counted only when they are known to be new.
        if (number % 3 == 0)
            for (var i = 0; i < Rows; i++)
                batch.Add(Row(number - 1, i));
        batch.EndMessage(Writes.Stamp(number, Source), default, Bytes);
        return new TelemetryWrite { Tenant = TenantId.Main, Readings = batch };
    }

    /// <summary>The highest number the store holds; fails unless all up to it are there, each whole and once.</summary>
    public static async Task<long> Verify(ITelemetryStore store)
    {
        var cancel = TestContext.Current.CancellationToken;
        var progress = await store.ProgressAsync(TenantId.Main, Source, cancel);
        var last = progress.Count == 0 ? 0 : Assert.Single(Assert.Single(progress).Seen).Last;
        Assert.Equal(last * Rows, await store.CountAsync(TenantId.Main, null, cancel));
        var usage = await store.UsageAsync(TenantId.Main, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, cancel);
        Assert.Equal((last, last * Rows, last * Bytes), (usage.Sum(u => u.MessagesIn), usage.Sum(u => u.ReadingsStored), usage.Sum(u => u.BytesIn)));
        var range = new ReadingRange { Limit = 50_000 };
        var expected = 0L;
        while (await store.ReadAsync(TenantId.Main, range, cancel) is { Count: > 0 } page)
        {
            foreach (var reading in page)
            {
                Assert.Equal(Row(expected / Rows + 1, (int)(expected % Rows)), reading);
                expected++;
            }
            range = range with { After = (page[^1].Time, page[^1].Device, page[^1].Metric) };
        }
        return last;
    }

    private static Reading Row(long number, int i) => new(
        Writes.Room, Writes.Temperature, Writes.At(0) + number * Rows + i, i % 10 == 0 ? ReadingValue.OfText($"number {number} row {i}") : ReadingValue.OfNumber(number + i / 1000.0));
}
