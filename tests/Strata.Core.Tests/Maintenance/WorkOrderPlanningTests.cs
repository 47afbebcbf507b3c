using CsCheck;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Maintenance;

namespace Strata.Core.Tests.Maintenance;

public sealed class WorkOrderPlanningTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static WorkNeed Need(string device, string? site, WorkOrderKind kind = WorkOrderKind.ReplaceBattery, int dueDays = 7) =>
        new(DeviceId.Parse(device), site is null ? null : SiteId.Parse(site), kind, Now.AddDays(dueDays), "why");

    [Fact]
    public void Needs_of_one_place_and_kind_are_one_order_due_when_the_most_urgent_is()
    {
        var planned = WorkOrderPlanning.Plan(
            [Need("a", "hq/floor-1/zone-1", dueDays: 9), Need("b", "hq/floor-1/zone-2", dueDays: 3), Need("c", "hq/floor-2"), Need("d", "hq/floor-1/zone-1", WorkOrderKind.Investigate), Need("e", null)], [], 2, 50);
        Assert.Equal(
            [(null, "e"), ("hq/floor-1", "b,a"), ("hq/floor-1", "d"), ("hq/floor-2", "c")],
            planned.Select(p => (p.Site?.Value, string.Join(',', p.Needs.Select(n => n.Device.Value)))));
        Assert.Equal(Now.AddDays(3), planned[1].Due);
        Assert.All(planned, p => Assert.Null(p.Order));
    }

    [Fact]
    public void A_need_goes_into_an_order_that_is_there_and_never_into_two()
    {
        var open = new OpenOrder("w1", WorkOrderKind.ReplaceBattery, SiteId.Parse("hq/floor-1"), [DeviceId.Parse("a")], Now.AddDays(5), true);
        var planned = Assert.Single(WorkOrderPlanning.Plan([Need("a", "hq/floor-1/zone-1"), Need("b", "hq/floor-1/zone-1", dueDays: 2)], [open], 2, 50));
        Assert.Equal(("w1", "b", Now.AddDays(2)), (planned.Order, planned.Needs.Single().Device.Value, planned.Due));
        Assert.Empty(WorkOrderPlanning.Plan([Need("a", "hq/floor-1")], [open with { CanGrow = false }], 2, 50));
        Assert.Null(Assert.Single(WorkOrderPlanning.Plan([Need("b", "hq/floor-1")], [open with { CanGrow = false }], 2, 50)).Order);
    }

    [Fact]
    public void Whatever_is_needed_each_need_is_planned_once_and_no_order_is_too_large() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 5], Gen.Int[0, 3]).Select(t => Need($"d{t.Item1}", $"s/{t.Item2}/z", (WorkOrderKind)t.Item3)).List[0, 80].Sample(needs =>
        {
            var planned = WorkOrderPlanning.Plan(needs, [], 2, 7);
            Assert.Equal(needs.Select(n => (n.Kind, n.Device)).Distinct().Count(), planned.Sum(p => p.Needs.Count));
            Assert.All(planned, p => Assert.InRange(p.Needs.Count, 1, 7));
            Assert.All(planned, p => Assert.All(p.Needs, n => Assert.True(n.Kind == p.Kind && p.Site!.Value.Contains(n.Site!.Value))));
        });

    [Fact]
    public void Steps_of_an_order_are_those_of_the_table()
    {
        Assert.Null(WorkOrderLifecycle.Check(WorkOrderState.Open, WorkOrderState.Assigned));
        Assert.Null(WorkOrderLifecycle.Check(WorkOrderState.Started, WorkOrderState.Done));
        Assert.Equal(ProblemKind.Conflict, WorkOrderLifecycle.Check(WorkOrderState.Done, WorkOrderState.Open)!.Kind);
        Assert.NotNull(WorkOrderLifecycle.Check(WorkOrderState.Started, WorkOrderState.Open));
    }
}
