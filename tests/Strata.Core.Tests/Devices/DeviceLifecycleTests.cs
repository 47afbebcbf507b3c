using Strata.Core.Devices;

namespace Strata.Core.Tests.Devices;

public sealed class DeviceLifecycleTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void The_usual_life_goes_through_all_six_states()
    {
        DeviceState[] life =
        [
            DeviceState.Unprovisioned, DeviceState.Provisioning, DeviceState.Active, DeviceState.Degraded, DeviceState.Maintenance, DeviceState.Active,
            DeviceState.Decommissioned,
        ];
        foreach (var (from, to) in life.Zip(life.Skip(1)))
            Assert.Equal(new DeviceTransition(from, to, "test", Now), DeviceLifecycle.Move(from, to, "test", Now).Value);
    }

    [Fact]
    public void What_is_not_in_the_table_is_refused_and_the_reason_says_what_is_possible()
    {
        foreach (var from in Enum.GetValues<DeviceState>())
        {
            foreach (var to in Enum.GetValues<DeviceState>())
                Assert.Equal(DeviceLifecycle.Next(from).Contains(to), DeviceLifecycle.Move(from, to, "test", Now).IsOk);
            Assert.DoesNotContain(from, DeviceLifecycle.Next(from));
        }
        var problem = DeviceLifecycle.Move(DeviceState.Unprovisioned, DeviceState.Active, "test", Now).Problem!;
        Assert.Equal((ProblemKind.Conflict, "state"), (problem.Kind, problem.Field));
        Assert.Contains("only provisioning, decommissioned", problem.Detail, StringComparison.Ordinal);
        Assert.Empty(DeviceLifecycle.Next(DeviceState.Decommissioned));
        Assert.Equal(ProblemKind.Invalid, DeviceLifecycle.Move(DeviceState.Active, DeviceState.Degraded, "", Now).Problem!.Kind);
    }

    [Fact]
    public void Every_state_but_the_first_and_the_last_may_connect() =>
        Assert.Equal(
            [DeviceState.Provisioning, DeviceState.Active, DeviceState.Degraded, DeviceState.Maintenance],
            Enum.GetValues<DeviceState>().Where(DeviceLifecycle.MayConnect));
}
