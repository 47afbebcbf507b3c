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

    [Fact]
    public void What_each_state_may_do_is_one_table()
    {
        string Line(DeviceState state)
        {
            var rights = DeviceLifecycle.Rights(state);
            return $"{DeviceLifecycle.Name(state)}:{(rights.Connect ? " connect" : "")}{(rights.Publish ? " publish" : "")}{(rights.Commands ? " commands" : "")}{(rights.Billed ? " billed" : "")}";
        }
        Assert.Equal(
            [
                "unprovisioned:", "provisioning: connect publish billed", "active: connect publish commands billed", "degraded: connect publish commands billed",
                "maintenance: connect publish commands", "decommissioned:",
            ],
            Enum.GetValues<DeviceState>().Select(Line));
        Assert.True(DeviceLifecycle.TryParse("Maintenance", out var state) && state is DeviceState.Maintenance);
        Assert.False(DeviceLifecycle.TryParse("sleeping", out _));
    }

    [Fact]
    public void Time_in_each_state_adds_up_to_the_whole_life()
    {
        DeviceTransition Step(DeviceState from, DeviceState to, int hours) => new(from, to, "test", Now.AddHours(hours));
        var spent = DeviceLifecycle.TimeIn(
            [
                Step(DeviceState.Unprovisioned, DeviceState.Provisioning, 0), Step(DeviceState.Provisioning, DeviceState.Active, 1), Step(DeviceState.Active, DeviceState.Degraded, 5),
                Step(DeviceState.Degraded, DeviceState.Active, 7),
            ],
            Now.AddHours(10));
        Assert.Equal([(DeviceState.Provisioning, 1.0), (DeviceState.Active, 7.0), (DeviceState.Degraded, 2.0)], spent.Select(s => (s.Key, s.Value.TotalHours)));
        Assert.Empty(DeviceLifecycle.TimeIn([], Now));
    }
}
