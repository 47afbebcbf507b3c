using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Updates.Book;
using Strata.Cloud.Updates.Rows;
using Strata.Core.Devices;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Tests.Updates;

public sealed class TenantRolloutsTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void What_a_device_runs_is_what_it_said_last_by_time()
    {
        var (book, device) = (new TenantRollouts(), DeviceId.Parse("d-1"));
        Assert.True(Runs("app", "2.0", Start.AddHours(2)));
        Assert.False(Runs("app", "1.0", Start));
        Assert.False(Runs("app", "1.0", Start.AddHours(2)));
        Assert.False(Runs("app", "v2.0.0", Start.AddHours(3)));
        Assert.Equal("2.0", book.VersionOf(device, "app"));
        Assert.True(Runs("app", "1.0", Start.AddHours(3)));
        Assert.True(Runs("boot", "7", Start));
        Assert.Equal(("1.0", "7"), (book.VersionOf(device, "app"), book.VersionOf(device, "boot")));

        bool Runs(string component, string version, DateTimeOffset since) => book.Runs(Row(device, component, version, since, rollout: "r-1"), keep: 50, out _);
    }

    [Fact]
    public void The_oldest_versions_are_let_go_of()
    {
        var (book, device) = (new TenantRollouts(), DeviceId.Parse("d-1"));
        var dropped = Enumerable.Range(0, 5).Select(i => book.Runs(Row(device, "app", $"1.{i}", Start.AddHours(i), rollout: null), keep: 3, out var since) ? since : throw new InvalidOperationException()).ToArray();
        Assert.Equal([null, null, null, Start, Start.AddHours(1)], dropped);
    }

    [Fact]
    public void What_was_not_written_yet_need_not_be_deleted_when_it_is_let_go_of()
    {
        var (book, device) = (new TenantRollouts(), DeviceId.Parse("d-1"));
        for (var i = 0; i < 4; i++)
        {
            book.Note(Row(device, "app", $"1.{i}", Start.AddHours(i), rollout: null), keep: 2);
            if (i == 0)
                book.Software.Clear(); // It is written.
        }
        Assert.Equal(["+1.2", "+1.3", $"-{Start:u}"], book.Software.Select(s => s.After is DeviceSoftwareRow row ? $"+{row.Version}" : $"-{((DeviceSoftwareRow)s.Before!).Since:u}").Order(StringComparer.Ordinal));
        Assert.Equal(1, book.ComponentsOf(device));
    }

    [Fact]
    public void Its_firmware_is_of_no_component_of_a_device_that_says_which_it_has()
    {
        var (book, quiet, telling) = (new TenantRollouts(), DeviceId.Parse("d-1"), DeviceId.Parse("d-2"));
        book.Runs(Row(quiet, "keys", "2", Start, rollout: "r-1"), keep: 50, out _);
        book.Runs(Row(telling, "edge", "1.4", Start, rollout: null), keep: 50, out _);
        var signs = new DeviceSigns(default, default, true, "1.4", null);
        Assert.Equal(("1.4", "2"), (FleetFacts.VersionOf(book, quiet, "app", signs), FleetFacts.VersionOf(book, quiet, "keys", signs)));
        Assert.Equal((null, "1.4"), (FleetFacts.VersionOf(book, telling, "bootloader", signs), FleetFacts.VersionOf(book, telling, "edge", signs)));
    }

    [Fact]
    public void A_device_that_joins_an_older_rollout_later_is_in_it_before_the_newer_one()
    {
        var (book, device) = (new TenantRollouts(), DeviceId.Parse("d-1"));
        var (older, middle, newer) = (Rollout("r-1", Start), Rollout("r-2", Start.AddHours(1), device), Rollout("r-3", Start.AddHours(2), device));
        foreach (var live in new[] { older, newer, middle })
            book.Add(live);
        book.Note(device, older);
        Assert.Equal(["r-1", "r-2", "r-3"], book.Of(device).Select(l => l.Rollout.Plan.Id));
    }

    private static LiveRollout Rollout(string id, DateTimeOffset created, params DeviceId[] devices) => new(Core.Updates.Rollouts.Rollout.Draft(
        new RolloutPlan { Id = id, Name = id, CreatedBy = "ada", Created = created, Artifact = "app/2.0/y", Component = "app", Version = "2.0" },
        [.. devices.Select(d => new RolloutCandidate(new RolloutTarget(d, null, "m1", null, null), TimeSpan.FromMinutes(1), "1.0"))], created));

    private static DeviceSoftwareRow Row(DeviceId device, string component, string version, DateTimeOffset since, string? rollout) =>
        new() { TenantId = "main", Device = device.Value, Component = component, Version = version, Since = since, Rollout = rollout };
}
