using Strata.Cloud.Updates.Book;
using Strata.Core.Devices;

namespace Strata.Cloud.Tests.Updates;

public sealed class TenantRolloutsTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void What_a_device_runs_is_what_it_said_last_by_time()
    {
        var (book, device) = (new TenantRollouts(), DeviceId.Parse("d-1"));
        Assert.True(book.Runs(device, "app", "2.0", Start.AddHours(2)));
        Assert.False(book.Runs(device, "app", "1.0", Start));
        Assert.False(book.Runs(device, "app", "1.0", Start.AddHours(2)));
        Assert.False(book.Runs(device, "app", "v2.0.0", Start.AddHours(3)));
        Assert.Equal("2.0", book.VersionOf(device, "app"));
        Assert.True(book.Runs(device, "app", "1.0", Start.AddHours(3)));
        Assert.True(book.Runs(device, "boot", "7", Start));
        Assert.Equal(("1.0", "7"), (book.VersionOf(device, "app"), book.VersionOf(device, "boot")));
    }
}
