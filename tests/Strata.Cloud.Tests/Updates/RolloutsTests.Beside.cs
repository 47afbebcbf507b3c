using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Updates;
using Strata.Cloud.Updates.Jobs;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Updates;

/// <summary>Rollouts beside each other, and what is known of their devices after a restart.</summary>
public abstract partial class RolloutsTests
{
    [Fact]
    public async Task A_device_is_at_one_job_at_a_time_and_waits_for_the_other_with_the_reason()
    {
        var devices = await RunOldAsync("beside", 1);
        var device = devices["beside-0"];
        // Both are drafted before one of them has it: neither draft leaves it out.
        var first = await DraftAsync(FewArtifacts.New.Id);
        var second = await DraftAsync(FewArtifacts.Counted.Id);
        await Cloud.Client.StepRolloutAsync(second.Id, "start", cancellationToken: Cancel);
        await Cloud.Client.StepRolloutAsync(first.Id, "start", cancellationToken: Cancel);
        // The order in which they were made, not in which they were started.
        Assert.Equal((first.Id, "2.0"), await NextAsync());
        await ReportAsync(device, first.Id, new JobReport("downloading", Version: "1.0"), HttpStatusCode.NoContent);
        Assert.Equal((first.Id, "2.0"), await NextAsync());
        await Cloud.LookAsync();
        Assert.Equal(("waiting", $"rollout {first.Id} updates it now"), await InAsync(second.Id));
        Assert.Equal(("running", "running"), ((await Cloud.Client.GetRolloutAsync(first.Id, Cancel)).State, (await Cloud.Client.GetRolloutAsync(second.Id, Cancel)).State));
        Assert.Equal(first.Id, Waits());
        Assert.False(IsTold(second.Id), "It is told of a job that it is not given.");

        // Of one that is over it is waited for what became of the job.
        await ReportAsync(device, first.Id, new JobReport("installing", Version: "1.0"), HttpStatusCode.NoContent);
        await Cloud.Client.StepRolloutAsync(first.Id, "abort", cancellationToken: Cancel);
        Assert.Empty(await PollAsync(devices));
        Assert.Null(Waits());
        Assert.Equal(("waiting", $"rollout {first.Id} updates it now"), await InAsync(second.Id));

        await ReportAsync(device, first.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        Assert.Equal(("waiting", null), await InAsync(second.Id));
        Assert.Equal(second.Id, Waits());
        await Cloud.LookAsync();
        Assert.True(IsTold(second.Id), "It is not told of the other.");
        Assert.Equal((second.Id, "5.0"), await NextAsync());
        await ReportAsync(device, second.Id, new JobReport("succeeded", Version: "5.0"), HttpStatusCode.NoContent);
        // Each has counted what came of its own job, and the one after knows what was before.
        Assert.Equal((1, 1), ((await Cloud.Client.GetRolloutAsync(first.Id, Cancel)).Rings[0].Updated, (await Cloud.Client.GetRolloutAsync(second.Id, Cancel)).Rings[0].Updated));
        Assert.Equal(("1.0", "2.0"), (await FromAsync(first.Id), await FromAsync(second.Id)));

        Task<RolloutInfo> DraftAsync(string artifact) => Cloud.Client.CreateRolloutAsync(new CreateRollout(artifact, "tag.run=beside", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false), Cancel);
        async Task<(string?, string?)> NextAsync()
        {
            var job = Assert.Single(await PollAsync(devices)).Value;
            return (job.Job, job.Version);
        }

        async Task<(string, string?)> InAsync(string rollout)
        {
            var it = await OnlyAsync(rollout);
            return (it.State, it.Reason);
        }

        async Task<string?> FromAsync(string rollout) => (await OnlyAsync(rollout)).From;
        async Task<RolloutDeviceInfo> OnlyAsync(string rollout) => Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(rollout, cancellationToken: Cancel)).Items);
        string? Waits() => Cloud.Node.Services.GetRequiredService<JobDesk>().Waiting(TenantId.Main, DeviceId.Parse("beside-0"));
        bool IsTold(string rollout) => Cloud.Node.Services.GetRequiredService<UpdatesStore>().Of(TenantId.Main).All[rollout].Told.ContainsKey(DeviceId.Parse("beside-0"));
    }

    [Fact]
    public async Task Why_a_device_waits_is_known_after_a_restart_too()
    {
        var devices = await RunOldAsync("whywait", 2);
        var rollout = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=whywait", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        Assert.Equal(2, (await PollAsync(devices)).Count);
        foreach (var device in devices.Values)
        {
            await ReportAsync(device, rollout.Id, new JobReport("downloading", Version: "1.0"), HttpStatusCode.NoContent);
            await ReportAsync(device, rollout.Id, new JobReport("downloading", "it waits: battery 12 %", "1.0", 1), HttpStatusCode.NoContent);
        }
        await ReportAsync(devices["whywait-1"], rollout.Id, new JobReport("downloading", null, "1.0", 1), HttpStatusCode.NoContent);
        await Cloud.LookAsync();
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal(["it waits: battery 12 %", null], (await Cloud.Client.ListRolloutDevicesAsync(rollout.Id, cancellationToken: Cancel)).Items.OrderBy(d => d.Device, StringComparer.Ordinal).Select(d => d.Reason));
        await Cloud.Client.StepRolloutAsync(rollout.Id, "abort", cancellationToken: Cancel);
    }

    [Fact]
    public async Task A_way_back_that_the_gate_stops_is_not_begun_again_by_itself()
    {
        var devices = await RunOldAsync("once", 3);
        var bad = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=once", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false, RollBackOnAbort: true));
        Assert.Equal(3, (await PollAsync(devices)).Count);
        foreach (var id in devices.Keys)
            await ReportAsync(devices[id], bad.Id, id == "once-0" ? new JobReport("rolledBack", "watchdog", "1.0") : new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        await Cloud.LookAsync();
        var back = (await Cloud.Client.GetRolloutAsync(bad.Id, Cancel)).Rollback!;
        var unlucky = Assert.Single(await PollAsync(devices)).Key;
        await ReportAsync(devices[unlucky], back, new JobReport("failed", "no room", "2.0"), HttpStatusCode.NoContent);
        for (var look = 0; look < 3; look++)
            await Cloud.LookAsync();
        Assert.Equal("aborted", (await Cloud.Client.GetRolloutAsync(back, Cancel)).State);
        var over = await Cloud.Client.GetRolloutAsync(bad.Id, Cancel);
        Assert.Equal(("aborted", back), (over.State, over.Rollback));
        Assert.Contains($"taken back in part by {back}", over.Why, StringComparison.Ordinal);
        // Somebody looks at why, and begins the next.
        Assert.Equal(2, (await Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: true, Cancel)).Devices);
    }
}
