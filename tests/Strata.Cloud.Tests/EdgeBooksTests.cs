using Strata.Cloud.Operations;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Tests;

public sealed class EdgeBooksTests
{
    [Fact]
    public void A_device_that_reports_its_readings_has_a_book()
    {
        var book = Assert.Single(EdgeBooks.From(
        [
            Reading("t-1", "temperature", 22), Reading("t-1", "health.readingsIn", 1000), Reading("t-1", "health.suppressed", 800),
            Reading("t-1", "health.readingsOut", 190), Reading("t-1", "health.waiting", 10), Reading("t-1", "health.bytesIn", 5e4),
            Reading("t-1", "health.bytesOut", 9e3), Reading("t-2", "health.battery", 90), Reading("t-2", "temperature", 20),
        ]));
        Assert.Equal(("edge", "t-1"), (book.Tier, book.Process));
        Assert.Equal((1000L, 190L, 50_000L, 9_000L), (book.Flow.ReadingsIn, book.Flow.ReadingsOut, book.Flow.BytesIn, book.Flow.BytesOut));
        Assert.Equal((800L, 10L, 0L), (book.Suppressed, book.Waiting, book.Lost));
    }

    private static Reading Reading(string device, string metric, double value) =>
        new(DeviceId.Parse(device), MetricName.Parse(metric), 1_700_000_000_000_000, ReadingValue.OfNumber(value));
}
