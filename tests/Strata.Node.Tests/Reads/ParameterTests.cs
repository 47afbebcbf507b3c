using Strata.Core.Telemetry;
using Strata.Node.Reads;

namespace Strata.Node.Tests.Reads;

public sealed class ParameterTests
{
    [Theory]
    [InlineData("1673949600000", 1673949600000000)]
    [InlineData("2023-01-17T10:00:00Z", 1673949600000000)]
    [InlineData("2023-01-17T10:00:00", 1673949600000000)]
    [InlineData("2023-01-17T10:00:00.000001Z", 1673949600000001)]
    [InlineData("2023-01-17T12:00:00+02:00", 1673949600000000)]
    [InlineData("2023-01-17T12:00:00 02:00", 1673949600000000)]
    [InlineData("2023-01-17T10:00Z", 1673949600000000)]
    [InlineData("2023-01-17", 1673913600000000)]
    public void Times_are_ISO_8601_or_ms(string text, long expected) => Assert.Equal(expected, Parameter.Time("from", text).Value);

    [Theory]
    [InlineData("yesterday")]
    [InlineData("01/02/2023")]
    [InlineData("")]
    [InlineData("9999999999999999")]
    public void Another_time_is_refused_with_the_parameter_and_what_it_takes(string text)
    {
        var problem = Parameter.Time("to", text).Problem!;
        Assert.Equal("to", problem.Field);
        Assert.Contains("ISO 8601", problem.Detail, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("500ms", 500_000)]
    [InlineData("30s", 30_000_000)]
    [InlineData("5m", 300_000_000)]
    [InlineData("1h", 3_600_000_000)]
    [InlineData("1d", 86_400_000_000)]
    [InlineData("366d", 366 * 86_400_000_000)]
    public void Durations_are_a_number_and_a_unit(string text, long expected) => Assert.Equal(expected, Parameter.Duration("every", text).Value);

    [Theory]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("0s")]
    [InlineData("-5m")]
    [InlineData("5 m")]
    [InlineData("1.5h")]
    [InlineData("367d")]
    [InlineData("99999999999999999999s")]
    public void Another_duration_is_refused(string text) => Assert.Equal("every", Parameter.Duration("every", text).Problem?.Field);

    [Theory]
    [InlineData("0")]
    [InlineData("10001")]
    [InlineData("ten")]
    [InlineData("-1")]
    public void A_limit_outside_its_range_is_refused(string text) => Assert.Equal("limit", Parameter.Limit(text).Problem?.Field);

    [Fact]
    public void Without_a_limit_a_page_has_a_thousand_items() => Assert.Equal(1000, Parameter.Limit(null).Value);

    [Fact]
    public void A_readings_query_becomes_a_range()
    {
        var request = new ReadingsParameters
        {
            Device = ["t-1", "t-2"], Metric = ["temperature"], From = "1000", To = "2000", Every = "5m", Aggregate = "max, avg", Limit = "7",
        }.Check().Value!;
        Assert.Equal(["t-1", "t-2"], request.Range.Devices.Select(d => d.Value));
        Assert.Equal((1_000_000L, 2_000_000L, 7), (request.Range.From, request.Range.To, request.Range.Limit));
        Assert.Equal(["Max", "Avg"], request.Functions.Select(f => f.ToString()));
        Assert.Equal(300_000_000, request.Every);
    }

    [Theory]
    [MemberData(nameof(WrongQueries))]
    public void A_wrong_readings_query_names_the_parameter(string field, object query) =>
        Assert.Equal(field, ((ReadingsParameters)query).Check().Problem?.Field);

    public static TheoryData<string, object> WrongQueries => new()
    {
        { "device", new ReadingsParameters { Device = ["a b"] } },
        { "device", new ReadingsParameters { Device = [.. Enumerable.Repeat("a", 101)] } },
        { "metric", new ReadingsParameters { Metric = ["#"] } },
        { "from", new ReadingsParameters { From = "2", To = "1" } },
        { "aggregate", new ReadingsParameters { Aggregate = "avg" } },
        { "aggregate", new ReadingsParameters { Every = "1m", Aggregate = "median" } },
        { "aggregate", new ReadingsParameters { Every = "1m", Aggregate = "avg,avg" } },
        { "aggregate", new ReadingsParameters { Every = "1m", Aggregate = "1" } },
        { "every", new ReadingsParameters { Every = "10ms" } },
        { "at", new ReadingsParameters { At = "cloud" } },
        { "at", new ReadingsParameters { At = "gateway", Device = ["a", "b"] } },
        { "format", new ReadingsParameters { Format = "xml" } },
        { "times", new ReadingsParameters { Times = "seconds" } },
        { "cursor", new ReadingsParameters { Cursor = "not one" } },
        { "cursor", new ReadingsParameters { Cursor = PageCursor.Write('w', "1", "g") } },
    };

    [Fact]
    public void A_cursor_gives_back_what_it_was_made_of()
    {
        var cursor = PageCursor.Write('r', "-5", "t:1", "battery voltage");
        Assert.Equal(["-5", "t:1", "battery voltage"], PageCursor.Read(cursor, 'r', 3).Value!);
        Assert.False(PageCursor.Read(cursor, 'a', 3).IsOk);
        Assert.False(PageCursor.Read(cursor[1..], 'r', 3).IsOk);
        Assert.Equal(MetricName.Parse("battery voltage"), new ReadingsParameters { Cursor = cursor }.Check().Value!.Range.After!.Value.Metric);
    }
}
