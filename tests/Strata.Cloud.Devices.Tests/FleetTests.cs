using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.Tests;

public sealed class FleetTests
{
    private static readonly Caller Health = Caller.Node(TenantId.Main);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Devices_are_registered_together_with_one_audit_record_and_are_there_after_a_restart()
    {
        await using var registry = await TestRegistry.OpenAsync();
        var devices = Enumerable.Range(0, 50).Select(i => new NewDevice(DeviceId.Parse($"p-{i:00}"))
        {
            Site = SiteId.Parse("garage/level-1"), Model = "P100", Serial = $"SN{i}", Batch = "b-7", Tags = Rows.Values.Sorted([KeyValuePair.Create("row", $"{i % 5}")]),
            Identity = i == 0 ? NewIdentity.Certificate : i == 1 ? NewIdentity.None : NewIdentity.Secret,
        }).ToList();
        var registered = await registry.Fleet.RegisterAsync(Health, devices, Cancelled);
        Assert.True(registered.IsOk, registered.Problem?.Detail);
        Assert.Equal(48, registered.Value.Count(d => d.Secret is not null));
        await registry.RestartAsync();
        var first = registry.Fleet.Find(TenantId.Main, DeviceId.Parse("p-00"))!;
        Assert.Equal(("garage/level-1", "P100", "SN0", "b-7", "0", DeviceState.Provisioning, false), (first.Site?.Value, first.Model, first.Serial, first.Batch, first.Tags["row"], first.State, first.HasSecret));
        Assert.Equal(DeviceState.Unprovisioned, registry.Fleet.Find(TenantId.Main, DeviceId.Parse("p-01"))!.State);
        Assert.Equal(50, registry.Fleet.Devices(TenantId.Main).Count());
        Assert.Equal(CredentialCheck.WrongSecret, registry.Devices.Check(TenantId.Main, DeviceId.Parse("p-00"), "anything"u8, out _));
        await using var context = registry.Store.CreateContext(TenantId.Main);
        var audit = Assert.Single(await context.Audit.ToListAsync(Cancelled));
        Assert.Contains("\"sha256\"", audit.Detail, StringComparison.Ordinal);
        Assert.Equal(49, await context.Transitions.CountAsync(Cancelled));
    }

    [Fact]
    public async Task One_device_at_fault_is_named_and_none_is_registered()
    {
        await using var registry = await TestRegistry.OpenAsync();
        var outcome = await registry.Fleet.RegisterAsync(Health, [new NewDevice(DeviceId.Parse("a")), new NewDevice(DeviceId.Parse("b")) { Groups = ["none"] }], Cancelled);
        Assert.Equal("devices[1].groups", outcome.Problem?.Field);
        Assert.Empty(registry.Fleet.Devices(TenantId.Main));
    }

    [Fact]
    public async Task Moves_are_judged_each_by_itself_and_the_legal_ones_are_told_after_their_commit()
    {
        await using var registry = await TestRegistry.OpenAsync();
        foreach (var id in new[] { "a", "b", "c" })
            Assert.True((await registry.RegisterAsync(new CreateDevice(id))).IsOk);
        var told = new List<string>();
        registry.Fleet.Moved += (tenant, device, step) => told.Add($"{tenant} {device} {step.From}>{step.To} {step.Actor} {step.Evidence}");
        DeviceMove To(string id, DeviceState to, DeviceState? from = null, string? evidence = null) => new(DeviceId.Parse(id), to, "a test") { From = from, Evidence = evidence };
        var outcome = await registry.Fleet.MoveAsync(
            Health,
            [
                To("a", DeviceState.Active, evidence: """{"rssi":-70}"""), To("b", DeviceState.Maintenance), To("c", DeviceState.Active, from: DeviceState.Degraded),
                To("none", DeviceState.Active), To("c", DeviceState.Active, evidence: "{no"),
            ],
            Cancelled);
        Assert.Equal(
            [null, ProblemKind.Conflict, ProblemKind.Conflict, ProblemKind.NotFound, ProblemKind.Invalid],
            outcome.Value!.Select(m => m.Refused?.Kind));
        Assert.Equal(["""main a Provisioning>Active node {"rssi":-70}"""], told);
        await registry.RestartAsync();
        var a = registry.Fleet.Find(TenantId.Main, DeviceId.Parse("a"))!;
        Assert.Equal((DeviceState.Active, "a test", 2L), (a.State, a.StateCause, a.Revision));
    }

    [Fact]
    public async Task Devices_of_an_earlier_version_keep_what_was_heard_of_them_and_get_a_history()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using (var context = registry.Store.CreateContext(TenantId.Main))
        {
            await context.GetService<IMigrator>().MigrateAsync("Views", Cancelled);
            await context.Database.ExecuteSqlRawAsync(
                """
                INSERT INTO devices (tenant_id, id, heartbeat_ms, deadband, gateways, state, state_since, state_cause, secret_hash, created)
                VALUES ('main', 'old', 60000, '{{}}', '[]', 'Active', 1, 'heard', x'00', 1);
                INSERT INTO device_presence (tenant_id, device, last_seen) VALUES ('main', 'old', 5);
                """, Cancelled);
        }
        await registry.RestartAsync();
        var old = registry.Fleet.Find(TenantId.Main, DeviceId.Parse("old"))!;
        Assert.Equal((DeviceState.Active, 0, true, 0L), (old.State, old.Tags.Count, old.HasSecret, old.Revision));
        Assert.True((await registry.Fleet.MoveAsync(Health, [new DeviceMove(old.Id, DeviceState.Degraded, "a test")], Cancelled)).IsOk);
        await using var after = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(1, await after.Presence.CountAsync(Cancelled));
        Assert.Equal((1, DeviceState.Active), (await after.Transitions.Select(t => new ValueTuple<int, DeviceState>(t.Number, t.From)).ToListAsync(Cancelled)).Single());
    }
}
