using System.Net;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Updates;

/// <summary>Rollouts beside each other, and what is known of their devices after a restart.</summary>
public abstract partial class RolloutsTests
{
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
}
