using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Node.Reads;
using Strata.Telemetry;

namespace Strata.Node.Tests.Reads;

public sealed class ReadingsCsvTests
{
    [Fact]
    public void Readings_are_written_as_the_golden_file_says()
    {
        ReadingInfo[] readings =
        [
            Reading(1673949600000000, "temperature", ReadingValue.OfNumber(22.4)),
            Reading(1673949600000001, "door", ReadingValue.OfBoolean(true)),
            Reading(1673949600500000, "state", ReadingValue.OfText("open, \"half\"")),
            Reading(1673949601000000, "state", ReadingValue.OfText("two\nlines")),
            Reading(1673949602000000, "state", ReadingValue.OfText("")),
            Reading(1673949603000000, "tiny", ReadingValue.OfNumber(-1.5e-300)),
        ];
        Assert.Equal(
            """"
            time,device,metric,value
            2023-01-17T10:00:00Z,t-1,temperature,22.4
            2023-01-17T10:00:00.000001Z,t-1,door,true
            2023-01-17T10:00:00.5Z,t-1,state,"open, ""half"""
            2023-01-17T10:00:01Z,t-1,state,"two
            lines"
            2023-01-17T10:00:02Z,t-1,state,""
            2023-01-17T10:00:03Z,t-1,tiny,-1.5E-300

            """", ReadingsCsv.Write(readings, timesInMs: false));
    }

    [Fact]
    public void Times_can_be_ms_since_the_epoch() => Assert.Equal(
        "time,device,metric,value\n1673949600000.001,t-1,m,1\n1673949601000,t-1,m,2\n",
        ReadingsCsv.Write([Reading(1673949600000001, "m", ReadingValue.OfNumber(1)), Reading(1673949601000000, "m", ReadingValue.OfNumber(2))], timesInMs: true));

    [Fact]
    public void Aggregates_are_columns_in_the_order_asked()
    {
        AggregateInfo[] rows = [new(EventTime.ToDateTimeOffset(1673949600000000), "t-1", "temperature", [3, 22.5, null])];
        Assert.Equal(
            "time,device,metric,count,avg,stddev\n2023-01-17T10:00:00Z,t-1,temperature,3,22.5,\n",
            ReadingsCsv.Write(rows, [AggregateFunction.Count, AggregateFunction.Avg, AggregateFunction.Stddev], timesInMs: false));
    }

    [Fact]
    public void Values_become_JSON_of_their_kind()
    {
        Assert.Equal(JsonValueKind.Number, ReadingsJson.Value(ReadingValue.OfNumber(1e21)).ValueKind);
        Assert.Equal(JsonValueKind.False, ReadingsJson.Value(ReadingValue.OfBoolean(false)).ValueKind);
        Assert.Equal("a\"b", ReadingsJson.Value(ReadingValue.OfText("a\"b")).GetString());
    }

    private static ReadingInfo Reading(long time, string metric, ReadingValue value) =>
        ReadingsJson.Info(new Reading(DeviceId.Parse("t-1"), MetricName.Parse(metric), time, value));
}
