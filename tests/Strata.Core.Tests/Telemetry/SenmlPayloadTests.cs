using Strata.Core.Devices;
using Strata.Core.Telemetry.Decoding;
using static Strata.Core.Tests.Telemetry.Decoding;

namespace Strata.Core.Tests.Telemetry;

/// <summary>SenML JSON against RFC 8428.</summary>
public sealed class SenmlPayloadTests
{
    [Theory]
    [InlineData("[{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":23.1}]", "temperature=23.1")]
    [InlineData("[{\"bn\":\"t-101:\",\"n\":\"temperature\",\"v\":1},{\"n\":\"humidity\",\"v\":2}]", "temperature=1, humidity=2")]
    [InlineData("[{\"bn\":\"t-101/\",\"n\":\"battery.voltage\",\"v\":1}]", "battery.voltage=1")]
    [InlineData("[{\"n\":\"t-101:a:b\",\"v\":1}]", "a:b=1")]
    [InlineData("[{\"bn\":\"temp\",\"n\":\"erature\",\"v\":1}]", "temperature=1")]
    [InlineData("[{\"n\":\"t-1012\",\"v\":1}]", "t-1012=1")]
    [InlineData("[{\"bt\":1673924000,\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"t\":5.25,\"v\":2},{\"bt\":1673924100,\"n\":\"a\",\"v\":3}]", "a@1673924000000000=1, a@1673924005250000=2, a@1673924100000000=3")]
    [InlineData("[{\"n\":\"a\",\"t\":-10,\"v\":1},{\"n\":\"a\",\"t\":0,\"v\":2},{\"n\":\"a\",\"v\":3}]", "a@1673924390000000=1, a=2, a=3")]
    [InlineData("[{\"n\":\"a\",\"t\":1.673924e9,\"v\":1}]", "a@1673924000000000=1")]
    [InlineData("[{\"bv\":20,\"bu\":\"Cel\",\"n\":\"a\",\"v\":0.5},{\"n\":\"a\",\"v\":-1},{\"n\":\"a\",\"u\":\"K\"}]", "a=20.5, a=19, a=20")]
    [InlineData("[{\"bn\":\"a\"},{\"v\":1}]", "a=1")]
    [InlineData("[{\"n\":\"open\",\"vb\":true},{\"n\":\"state\",\"vs\":\"id\\u006ce\"}]", "open=true, state='idle'")]
    [InlineData("[{\"n\":\"energy\",\"s\":5},{\"bs\":100,\"n\":\"energy\",\"v\":3,\"s\":5}]", "energy.sum=5, energy=3, energy.sum=105")]
    [InlineData("[{\"bver\":10,\"n\":\"a\",\"v\":1,\"ut\":60,\"vendor\":{\"x\":[1,null,{\"y\":\"z\"}]}}]", "a=1")]
    [InlineData("[{\"bver\":5,\"v\":1,\"n\":\"a\"}]", "a=1")]
    [InlineData("[{\"v\":1,\"t\":1,\"n\":\"a\",\"bt\":1673924000,\"bn\":\"t-101/\"}]", "a@1673924001000000=1")]
    public void A_pack_gives_its_readings(string pack, string readings) => Assert.Equal(readings, Rows(pack, PayloadFormat.SenmlJson));

    [Theory]
    [InlineData("{\"n\":\"a\",\"v\":1}", 0, "array of records")]
    [InlineData("[]", 0, "no reading")]
    [InlineData("[{\"bn\":\"a\"}]", 0, "no reading")]
    [InlineData("[{}]", 1, "at least one field")]
    [InlineData("[1]", 1, "which are objects")]
    [InlineData("[{\"n\":\"a\"}]", 1, "needs a value")]
    [InlineData("[{\"v\":1}]", 1, "needs a name")]
    [InlineData("[{\"n\":\"t-101\",\"v\":1}]", 6, "a metric must follow")]
    [InlineData("[{\"bn\":\"t-101:\",\"v\":1}]", 7, "a metric must follow")]
    [InlineData("[{\"n\":\"t-102:temperature\",\"v\":1}]", 6, "not the publishing device's")]
    [InlineData("[{\"bn\":\"t-102/\",\"n\":\"temperature\",\"v\":1}]", 20, "not the publishing device's")]
    [InlineData("[{\"bn\":\"urn:dev:ow:10e2073a01080063:\",\"n\":\"a\",\"v\":1}]", 42, "not the publishing device's")]
    [InlineData("[{\"n\":\"t-101/a/b\",\"v\":1}]", 6, "letters, digits")]
    [InlineData("[{\"n\":\"_a\",\"v\":1}]", 6, "begins with")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"must_\":2}]", 17, "must be understood")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"n\":\"b\"}]", 17, "twice")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"vs\":\"b\"}]", 17, "at most one")]
    [InlineData("[{\"n\":\"a\",\"vd\":\"AQ\"}]", 11, "binary")]
    [InlineData("[{\"n\":\"a\",\"v\":\"1\"}]", 14, "must be a number")]
    [InlineData("[{\"n\":\"a\",\"v\":null}]", 14, "must be a number")]
    [InlineData("[{\"n\":\"a\",\"vb\":1}]", 15, "true or false")]
    [InlineData("[{\"n\":\"a\",\"vs\":1}]", 15, "must be a text")]
    [InlineData("[{\"n\":1,\"v\":1}]", 6, "must be a text")]
    [InlineData("[{\"bver\":11,\"n\":\"a\",\"v\":1}]", 9, "above 10")]
    [InlineData("[{\"bver\":0,\"n\":\"a\",\"v\":1}]", 9, "positive integer")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"t\":400}]", 20, "5 minutes ahead")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"t\":1673924399000}]", 20, "out of range")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"t\":300000000}]", 20, "before the year 2000")]
    [InlineData("[{\"n\":\"a\",\"v\":9007199254740993}]", 14, "2^53")]
    [InlineData("[{\"bv\":1e308,\"n\":\"a\",\"v\":1e308}]", 1, "too large")]
    [InlineData("[{\"n\":\"a\",\"v\":1}", 16, "too early")]
    [InlineData("[{\"n\":\"a\",\"v\":1}]]", 17, "follow the end")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"x\":[[[[[[[[1]]]]]]]]}]", 26, "nested too deep")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"x\":[1,{\"\\y\":null}]}]", 25, "no such escape")]
    [InlineData("[{\"n\":\"a\",\"v\":1,\"x\":\"b\\u00g0\"}]", 22, "four hexadecimal digits")]
    public void What_is_wrong_is_refused_at_its_byte(string pack, int offset, string reason)
    {
        var error = Refusal(pack, PayloadFormat.SenmlJson);
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal(offset, error.Offset);
    }

    [Fact]
    public void A_device_whose_id_is_a_urn_publishes_under_it()
    {
        var batch = new Core.Telemetry.ReadingBatch();
        batch.BeginMessage();
        var device = DeviceId.Parse("urn:dev:ow:10e2073a01080063");
        Assert.True(PayloadDecoder.TryDecode(
            PayloadFormat.SenmlJson, device, "[{\"bn\":\"urn:dev:ow:10e2073a01080063:\",\"n\":\"voltage\",\"v\":120.1}]"u8, Now, batch, PayloadLimits.Default, out _));
        Assert.Equal("voltage=120.1", Describe(batch));
    }

    [Fact]
    public void Readings_and_names_are_limited()
    {
        var limits = new PayloadLimits { MaxReadings = 1, MaxNameLength = 5 };
        Assert.Equal(17, Refusal("[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1}]", PayloadFormat.SenmlJson, limits).Offset);
        Assert.Equal(6, Refusal("[{\"n\":\"abcdef\",\"v\":1}]", PayloadFormat.SenmlJson, limits).Offset);
        Refusal($"[{{\"n\":\"{new string('a', 600)}\",\"v\":1}}]", PayloadFormat.SenmlJson);
        Refusal($"[{{\"bn\":\"{new string('a', 500)}\",\"n\":\"{new string('a', 500)}\",\"s\":1}}]", PayloadFormat.SenmlJson);
    }

    [Theory]
    [InlineData("", "devices/t-101/telemetry", PayloadFormat.Json)]
    [InlineData("", "devices/t-101/telemetry/senml", PayloadFormat.SenmlJson)]
    [InlineData("application/json", "devices/t-101/telemetry/senml", PayloadFormat.Json)]
    [InlineData("Application/SenML+JSON; charset=utf-8", "devices/t-101/telemetry", PayloadFormat.SenmlJson)]
    [InlineData("application/json ;x=1", "", PayloadFormat.Json)]
    public void The_format_is_what_the_sender_says(string contentType, string topic, PayloadFormat format)
    {
        Assert.True(PayloadFormats.TrySelect(contentType, topic, out var selected, out var reason));
        Assert.Equal(format, selected);
        Assert.Null(reason);
    }

    [Fact]
    public void An_unknown_content_type_is_refused()
    {
        Assert.False(PayloadFormats.TrySelect("text/plain\u0001", "devices/t-101/telemetry", out _, out var reason));
        Assert.Equal("The content type 'text/plain?' is not known; use application/json or application/senml+json.", reason);
    }
}
