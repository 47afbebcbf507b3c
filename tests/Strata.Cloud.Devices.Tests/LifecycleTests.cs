using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Tests;

public sealed class LifecycleTests
{
    /// <summary>Written anew, so that a slip in the product's table is seen: rows from, columns to; u p a d m x.</summary>
    private static readonly string[] Legal = [".p...x", "u.a..x", "...dmx", "..a.mx", ".pad.x", "......"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_moves_keep_to_the_table_and_the_history_tells_them_all()
    {
        await using var registry = await TestRegistry.OpenAsync();
        var random = new Random(6);
        var expected = new Dictionary<string, List<DeviceState>>();
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await registry.RegisterAsync(new CreateDevice($"d-{i}"))).IsOk);
            expected[$"d-{i}"] = [DeviceState.Provisioning];
        }
        var refused = 0;
        for (var round = 0; round < 60; round++)
        {
            registry.Time.Advance(TimeSpan.FromSeconds(1));
            var moves = Enumerable.Range(0, 5).Select(_ => new DeviceMove(DeviceId.Parse($"d-{random.Next(10)}"), (DeviceState)random.Next(round < 55 ? 5 : 6), $"round {round}")).ToList();
            var outcome = (await registry.Fleet.MoveAsync(TestRegistry.Admin, moves, Cancelled)).Value!;
            foreach (var (move, done) in moves.Zip(outcome))
            {
                var life = expected[move.Device.Value];
                var legal = Legal[(int)life[^1]][(int)move.To] != '.';
                Assert.True(legal == (done.Transition is not null), $"{life[^1]} > {move.To}: {done.Refused?.Detail}");
                if (legal)
                    life.Add(move.To);
                else
                    refused++;
            }
        }
        Assert.True(refused > 50, $"Only {refused} moves were illegal: the test shows little.");
        await registry.RestartAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        foreach (var (device, life) in expected)
        {
            var steps = await context.Transitions.Where(t => t.Device == device).OrderBy(t => t.Number).ToListAsync(Cancelled);
            Assert.Equal(life, steps.Select(s => s.To));
            Assert.Equal(Enumerable.Range(1, life.Count), steps.Select(s => s.Number));
            Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
            Assert.Equal(life[^1], registry.Image.Devices[device].State);
            Assert.All(steps, s => Assert.Equal("admin", s.Actor));
        }
    }

    [Fact]
    public async Task Of_changes_at_the_same_time_one_wins_and_the_others_hear_why()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await registry.RegisterAsync(new CreateDevice("d"));
        var id = DeviceId.Parse("d");
        await registry.Fleet.MoveAsync(TestRegistry.Admin, [new DeviceMove(id, DeviceState.Active, "test")], Cancelled);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => registry.Fleet.MoveAsync(
            TestRegistry.Admin, [new DeviceMove(id, i % 2 == 0 ? DeviceState.Degraded : DeviceState.Maintenance, $"number {i}") { From = DeviceState.Active }], Cancelled))));
        var won = Assert.Single(outcomes, o => o.Value![0].Transition is not null);
        Assert.All(outcomes.Where(o => o != won), o => Assert.Equal(ProblemKind.Conflict, o.Value![0].Refused!.Kind));
        Assert.Equal(won.Value![0].Transition!.To, registry.Image.Devices["d"].State);
    }

    [Fact]
    public async Task A_name_that_is_used_anew_begins_a_new_life_and_the_old_one_is_still_told()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await registry.RegisterAsync(new CreateDevice("d"));
        await registry.Fleet.MoveAsync(TestRegistry.Admin, [new DeviceMove(DeviceId.Parse("d"), DeviceState.Decommissioned, "scrapped")], Cancelled);
        Assert.True((await registry.RegisterAsync(new CreateDevice("d"))).IsOk);
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(
            ["Unprovisioned>Provisioning", "Provisioning>Decommissioned", "Unprovisioned>Provisioning"],
            (await context.Transitions.OrderBy(t => t.Number).ToListAsync(Cancelled)).Select(t => $"{t.From}>{t.To}"));
    }

    [Fact]
    public async Task Only_the_newest_steps_are_kept()
    {
        await using var registry = await TestRegistry.OpenAsync();
        using var trim = new TransitionTrim(registry.Store, new DevicesOptions { TransitionsKept = 10 }, registry.Time, NullLogger<TransitionTrim>.Instance);
        await registry.RegisterAsync(new CreateDevice("d"));
        var id = DeviceId.Parse("d");
        await registry.Fleet.MoveAsync(TestRegistry.Admin, [new DeviceMove(id, DeviceState.Active, "test")], Cancelled);
        for (var i = 0; i < 15; i++)
            await registry.Fleet.MoveAsync(TestRegistry.Admin, [new DeviceMove(id, i % 2 == 0 ? DeviceState.Degraded : DeviceState.Active, $"number {i}")], Cancelled);
        await trim.TrimAsync(Cancelled);
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(Enumerable.Range(8, 10), (await context.Transitions.OrderBy(t => t.Number).ToListAsync(Cancelled)).Select(t => t.Number));
    }
}
