using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Updates.Jobs;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Tests.Updates;

/// <summary>What is decided about rollouts is in memory first: what becomes of it when it cannot be written, when many write at once, and when who asked goes away.</summary>
public abstract class RolloutWritesTests(RolloutCloud cloud) : RolloutSteps(cloud)
{
    [Fact]
    public async Task What_could_not_be_written_is_refused_to_all_whose_decision_was_lost_with_it()
    {
        var (id, devices) = await RunningAsync("lost", 2);
        var release = Cloud.Faults.Hold();
        Cloud.Faults.FailNext();
        var first = TryAsync(() => Cloud.Client.StepRolloutAsync(id, "pause", "first", Cancel));
        await WaitForAsync(async () => (await Cloud.Client.GetRolloutAsync(id, Cancel)).State == "paused", "the pause to be decided");
        var second = TryAsync(() => Cloud.Client.StepRolloutAsync(id, "abort", "second", Cancel));
        await WaitForAsync(async () => (await Cloud.Client.GetRolloutAsync(id, Cancel)).State == "aborted", "the abort to be decided");
        release();
        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable], await Task.WhenAll(first, second));
        Assert.Equal("running", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.Equal(["draft", "start"], await AuditAsync(id));

        // It goes on, with what devices say too.
        await PollAsync(devices);
        await ReportAsync(devices["lost-0"], id, new JobReport("downloading"), HttpStatusCode.NoContent);
        Assert.Equal("paused", (await Cloud.Client.StepRolloutAsync(id, "pause", cancellationToken: Cancel)).State);
        await RestartAsync();
        Assert.Equal("paused", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.Equal("downloading", (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Single(d => d.Device == "lost-0").State);
    }

    [Fact]
    public async Task Who_matches_since_joins_the_rollout_that_was_loaded_again_and_not_the_one_before()
    {
        var (id, devices) = await RunningAsync("ghost", 2);
        await PollAsync(devices);
        var added = new Dictionary<string, DeviceSecret>
        {
            ["ghost-new"] = await Cloud.Client.CreateDeviceAsync(new CreateDevice("ghost-new", Model: "m1") { Tags = new Dictionary<string, string> { ["run"] = "ghost" } }, Cancel),
        };
        Cloud.Time.Offset += TimeSpan.FromSeconds(2);
        var held = Cloud.HeldSearch = new TaskCompletionSource<TaskCompletionSource>(TaskCreationOptions.RunContinuationsAsynchronously);
        var look = Cloud.LookAsync();
        var goOn = await held.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Cloud.Faults.FailNext();
        await ReportAsync(devices["ghost-0"], id, new JobReport("downloading"), HttpStatusCode.ServiceUnavailable);
        Assert.Equal("paused", (await Cloud.Client.StepRolloutAsync(id, "pause", cancellationToken: Cancel)).State);
        goOn.SetResult();
        await look;
        Assert.Empty(await PollAsync(added));
    }

    [Fact]
    public async Task A_write_of_which_nobody_knows_is_found_when_it_is_loaded_again()
    {
        var (id, _) = await RunningAsync("doubt", 1);
        Cloud.Faults.LoseNext();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await TryAsync(() => Cloud.Client.StepRolloutAsync(id, "pause", "lunch", Cancel)));
        Assert.Equal(("paused", "lunch"), Both(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        Assert.Equal(["draft", "start", "pause"], await AuditAsync(id));
        Assert.Equal("running", (await Cloud.Client.StepRolloutAsync(id, "resume", cancellationToken: Cancel)).State);
    }

    [Fact]
    public async Task The_audit_of_a_step_is_written_with_it_whoever_writes_first()
    {
        var (id, devices) = await RunningAsync("audit", 2);
        await PollAsync(devices);
        var release = Cloud.Faults.Hold();
        var first = ReportAsync(devices["audit-0"], id, new JobReport("downloading"), HttpStatusCode.NoContent);
        await StandsAsync("audit-0", "downloading");
        var second = ReportAsync(devices["audit-1"], id, new JobReport("downloading"), HttpStatusCode.NoContent);
        await StandsAsync("audit-1", "downloading");
        var paused = TryAsync(() => Cloud.Client.StepRolloutAsync(id, "pause", "lunch", Cancel));
        await WaitForAsync(async () => (await Cloud.Client.GetRolloutAsync(id, Cancel)).State == "paused", "the pause to be decided");
        release();
        await Task.WhenAll(first, second, paused);
        Assert.Null(await paused);
        Assert.Equal(["draft", "start", "pause"], await AuditAsync(id));

        Task StandsAsync(string device, string state) => WaitForAsync(
            async () => (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Single(d => d.Device == device).State == state, $"{device} to be {state}");
    }

    [Fact]
    public async Task Who_goes_away_before_it_is_written_leaves_nothing_half_done()
    {
        var (id, devices) = await RunningAsync("gone", 1);
        await PollAsync(devices);
        var release = Cloud.Faults.Hold();
        var first = ReportAsync(devices["gone-0"], id, new JobReport("downloading"), HttpStatusCode.NoContent);
        await WaitForAsync(async () => (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Single().State == "downloading", "the report to be decided");
        using (var leaves = CancellationTokenSource.CreateLinkedTokenSource(Cancel))
        {
            var asked = Cloud.Client.StepRolloutAsync(id, "pause", "lunch", leaves.Token);
            await WaitForAsync(async () => (await Cloud.Client.GetRolloutAsync(id, Cancel)).State == "paused", "the pause to be decided");
            await leaves.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        }
        release();
        await first;
        await WaitForAsync(async () => (await AuditAsync(id)).Contains("pause"), "the pause to be written");
        await RestartAsync();
        Assert.Equal(("paused", "lunch"), Both(await Cloud.Client.GetRolloutAsync(id, Cancel)));
    }

    [Fact]
    public async Task A_report_by_mqtt_that_could_not_be_written_is_not_acknowledged()
    {
        var (id, devices) = await RunningAsync("ack", 1);
        await PollAsync(devices);
        // A device is acknowledged when this completes, and not at all when it fails.
        var topics = Cloud.Node.Services.GetServices<IDeviceTopics>().OfType<JobTopics>().Single();
        var report = new DeviceMessage(TenantId.Main, DeviceId.Parse("ack-0"), $"jobs/{id}/update", """{"state":"downloading"}"""u8.ToArray());
        Cloud.Faults.FailNext();
        await Assert.ThrowsAsync<IOException>(() => topics.OnPublish(report)!);
        Assert.Equal("offered", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items).State);
        await topics.OnPublish(report)!;
        Assert.Equal("downloading", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items).State);
    }

    private static (string, string?) Both(RolloutInfo info) => (info.State, info.Why);

    /// <returns>What was answered; null when it was done.</returns>
    private static async Task<HttpStatusCode?> TryAsync(Func<Task<RolloutInfo>> step)
    {
        try
        {
            await step();
            return null;
        }
        catch (StrataApiException refused)
        {
            return refused.StatusCode;
        }
    }

    private async Task<(string Id, Dictionary<string, DeviceSecret> Devices)> RunningAsync(string run, int count)
    {
        var devices = await DevicesAsync(run, count);
        return ((await StartAsync(new CreateRollout(FewArtifacts.New.Id, $"tag.run={run}", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false))).Id, devices);
    }

    private async Task RestartAsync()
    {
        await Cloud.StopAsync();
        await Cloud.StartAsync();
    }

    /// <summary>The oldest first.</summary>
    private async Task<string[]> AuditAsync(string id) =>
        [.. (await Cloud.Client.ListAuditAsync(new AuditQuery(Kind: "rollout"), cancellationToken: Cancel)).Items.Where(a => a.Id == id).Select(a => a.Action).Reverse()];
}

public sealed class RolloutWritesOnFilesTests(RolloutCloud cloud) : RolloutWritesTests(cloud), IClassFixture<RolloutCloud>;

public sealed class RolloutWritesOnPostgresTests(RolloutCloudOnPostgres cloud) : RolloutWritesTests(cloud), IClassFixture<RolloutCloudOnPostgres>;
