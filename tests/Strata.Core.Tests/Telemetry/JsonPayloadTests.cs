using System.Text;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using static Strata.Core.Tests.Telemetry.Decoding;

namespace Strata.Core.Tests.Telemetry;

public sealed class JsonPayloadTests
{
    [Theory]
    [InlineData("{\"temperature\":22.4}", "temperature=22.4")]
    [InlineData(" { \"a\" : 1 , \"b\" : -0.5e1 } \r\n", "a=1, b=-5")]
    [InlineData("{\"ts\":1673924399000,\"values\":{\"a\":1,\"b\":true}}", "a@1673924399000000=1, b@1673924399000000=true")]
    [InlineData("{\"values\":{\"a\":1},\"ts\":1673924399000}", "a@1673924399000000=1")]
    [InlineData("{\"a\":1,\"ts\":1673924399000,\"b\":2}", "a@1673924399000000=1, b@1673924399000000=2")]
    [InlineData("{\"values\":{\"a\":1}}", "a=1")]
    [InlineData("{\"values\":{\"ts\":7,\"values\":8}}", "ts=7, values=8")]
    [InlineData("{\"a\":{\"ts\":7}}", "a.ts=7")]
    [InlineData("{\"ts\":1673924399000.25,\"values\":{\"a\":1}}", "a@1673924399000250=1")]
    [InlineData("{\"ts\":1673924399000.1239,\"values\":{\"a\":1}}", "a@1673924399000123=1")]
    [InlineData("[{\"a\":1},{\"ts\":1673924399000,\"values\":{\"a\":2}},{\"a\":3}]", "a=1, a@1673924399000000=2, a=3")]
    [InlineData("{\"battery\":{\"voltage\":3.1,\"cell\":{\"t\":20}},\"on\":false}", "battery.voltage=3.1, battery.cell.t=20, on=false")]
    [InlineData("{\"state\":\"open\",\"note\":\"a\\\"b\\\\\\u00e9\\ud83d\\ude00\\n\"}", "state='open', note='a\"b\\é😀\n'")]
    [InlineData("{\"t\\u0065mp\":1}", "temp=1")]
    [InlineData("{\"\\u0074s\":1673924399000,\"a\":1}", "a@1673924399000000=1")]
    [InlineData("{\"a\":9007199254740992,\"b\":-9007199254740992}", "a=9007199254740992, b=-9007199254740992")]
    [InlineData("{\"a\":1e300,\"b\":9007199254740993.0,\"c\":1e-400,\"d\":0.1}", "a=1E+300, b=9007199254740992, c=0, d=0.1")]
    [InlineData("{\"a b:c-d_e\":0}", "a b:c-d_e=0")]
    [InlineData("{\"a\":\"\"}", "a=''")]
    public void Every_form_gives_its_readings(string payload, string readings) =>
        Assert.Equal(readings, Rows(payload));

    [Theory]
    [InlineData("", 0, "empty")]
    [InlineData("   ", 3, "too early")]
    [InlineData("{}", 0, "no reading")]
    [InlineData("[]", 1, "no reading")]
    [InlineData("[{}]", 1, "no reading")]
    [InlineData("{\"a\":{}}", 5, "no reading")]
    [InlineData("{\"ts\":1673924399000}", 0, "no reading")]
    [InlineData("{\"ts\":1673924399000,\"values\":{}}", 29, "no reading")]
    [InlineData("22.4", 0, "brace or a bracket")]
    [InlineData("null", 0, "brace or a bracket")]
    [InlineData("{\"a\":null}", 5, "null is not a value")]
    [InlineData("{\"a\":[1]}", 5, "array is not a value")]
    [InlineData("[[{\"a\":1}]]", 1, "objects only")]
    [InlineData("[1]", 1, "objects only")]
    [InlineData("{\"a\":1,\"a\":2}", 8, "twice")]
    [InlineData("{\"a\":{\"b\":1},\"a.b\":2}", 14, "collides")]
    [InlineData("{\"a.b\":2,\"a\":{\"b\":1}}", 15, "collides")]
    [InlineData("{\"a\":1,\"a\":{\"b\":1}}", 8, "twice")]
    [InlineData("{\"a\":{\"b\":1},\"a\":{\"c\":1}}", 14, "twice")]
    [InlineData("{\"ts\":1,\"ts\":2,\"a\":1}", 6, "before the year 2000")]
    [InlineData("{\"ts\":1673924399000,\"ts\":1673924399000,\"a\":1}", 21, "twice")]
    [InlineData("{\"values\":{\"a\":1},\"values\":{\"b\":1}}", 19, "twice")]
    [InlineData("{\"values\":{\"a\":1},\"b\":1}", 19, "only 'ts'")]
    [InlineData("{\"b\":1,\"values\":{\"a\":1}}", 8, "only 'ts'")]
    [InlineData("{\"values\":5}", 10, "must be an object")]
    [InlineData("{\"ts\":\"now\",\"a\":1}", 6, "milliseconds")]
    [InlineData("{\"ts\":null,\"a\":1}", 6, "milliseconds")]
    [InlineData("{\"ts\":-1,\"a\":1}", 6, "milliseconds")]
    [InlineData("{\"ts\":1.6e12,\"a\":1}", 9, "exponent")]
    [InlineData("{\"ts\":1673924400,\"a\":1}", 6, "before the year 2000")]
    [InlineData("{\"ts\":1673924700001,\"a\":1}", 6, "5 minutes ahead")]
    [InlineData("{\"ts\":99999999999999999999999,\"a\":1}", 6, "out of range")]
    [InlineData("{\"a\":9007199254740993}", 5, "2^53")]
    [InlineData("{\"a\":-9007199254740993}", 5, "2^53")]
    [InlineData("{\"a\":123456789012345678901234567890}", 5, "2^53")]
    [InlineData("{\"a\":1e309}", 5, "too large")]
    [InlineData("{\"a\":-1e99999999999999999999}", 5, "too large")]
    [InlineData("{\"a\":NaN}", 5, "A value is")]
    [InlineData("{\"a\":Infinity}", 5, "A value is")]
    [InlineData("{\"a\":-Infinity}", 6, "digit")]
    [InlineData("{\"a\":+1}", 5, "A value is")]
    [InlineData("{\"a\":01}", 5, "begin with a zero")]
    [InlineData("{\"a\":1.}", 7, "digit")]
    [InlineData("{\"a\":.5}", 5, "A value is")]
    [InlineData("{\"a\":1e}", 7, "digit")]
    [InlineData("{\"a\":1e+}", 8, "digit")]
    [InlineData("{\"a\":-}", 6, "digit")]
    [InlineData("{\"a\":0x1}", 6, "comma or a closing brace")]
    [InlineData("{\"a\":1 \"b\":2}", 7, "comma or a closing brace")]
    [InlineData("{\"a\":1,}", 7, "follow the comma")]
    [InlineData("[{\"a\":1},]", 9, "follow the comma")]
    [InlineData("[{\"a\":1} {\"a\":1}]", 9, "comma or a closing bracket")]
    [InlineData("{\"a\" 1}", 5, "colon")]
    [InlineData("{a:1}", 1, "name in quotes")]
    [InlineData("{'a':1}", 1, "name in quotes")]
    [InlineData("{\"a\":1}x", 7, "follow the end")]
    [InlineData("{\"a\":1}{\"a\":1}", 7, "follow the end")]
    [InlineData("{\"a\":1", 6, "too early")]
    [InlineData("{\"a\":", 5, "too early")]
    [InlineData("{\"a", 3, "inside a text")]
    [InlineData("{\"a\":tru", 8, "too early")]
    [InlineData("{\"a\":trux}", 8, "neither true")]
    [InlineData("{\"a\":\"x}", 8, "inside a text")]
    [InlineData("{\"a\":\"x\\", 8, "inside a text")]
    [InlineData("{\"a\":\"\\x\"}", 6, "no such escape")]
    [InlineData("{\"a\":\"\\u12\"}", 6, "hexadecimal")]
    [InlineData("{\"a\":\"\\ud800\"}", 6, "surrogate")]
    [InlineData("{\"a\":\"\\ud800\\u0041\"}", 6, "surrogate")]
    [InlineData("{\"a\":\"\\udc00\"}", 6, "surrogate")]
    [InlineData("{\"a\":\"\\u0000\"}", 5, "U+0000")]
    [InlineData("{\"a\":\"x\ny\"}", 7, "must be escaped")]
    [InlineData("{\"\":1}", 2, "must not be empty")]
    [InlineData("{\".a\":1}", 2, "begins with")]
    [InlineData("{\"a/b\":1}", 3, "letters, digits")]
    [InlineData("{\"tempé\":1}", 6, "letters, digits")]
    [InlineData("{\"a\":{\"b+\":1}}", 8, "letters, digits")]
    [InlineData("{\"a\\u002fb\":1}", 3, "letters, digits")]
    public void What_is_wrong_is_refused_at_its_byte(string payload, int offset, string reason)
    {
        var error = Refusal(payload);
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal(offset, error.Offset);
    }

    [Fact]
    public void Bad_utf8_is_refused_at_its_byte()
    {
        byte[] payload = [.. "{\"a\":\"xy"u8, 0xC3, 0x28, .. "\"}"u8];
        var error = Refusal(payload);
        Assert.Equal(8, error.Offset);
        Assert.Contains("UTF-8", error.Reason, StringComparison.Ordinal);
        Assert.Equal(2, Refusal([.. "{\""u8, 0xFF, .. "\":1}"u8]).Offset);
        Assert.Equal(0, Refusal([0xEF, 0xBB, 0xBF, .. "{\"a\":1}"u8]).Offset);
    }

    [Fact]
    public void Depth_is_limited_and_the_limit_itself_is_allowed()
    {
        Assert.Equal("a.a.a.a.a.a.a.a=1", Rows(Nested(8)));
        var error = Refusal(Nested(9));
        Assert.Equal(8 * 5, error.Offset);
        Assert.Contains("8 levels", error.Reason, StringComparison.Ordinal);
        Refusal($"[{Nested(8)}]");
        Refusal($"{{\"values\":{Nested(8)}}}");
        Refusal("[{\"a\":1}]", limits: new PayloadLimits { MaxDepth = 1 });
        Refusal(new string('[', 100_000));
        Refusal(string.Concat(Enumerable.Repeat("{\"a\":", 20_000)));

        static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
    }

    [Fact]
    public void Size_count_name_and_text_are_limited_and_the_limits_themselves_are_allowed()
    {
        var limits = new PayloadLimits { MaxBytes = 20, MaxReadings = 2, MaxNameLength = 3, MaxTextBytes = 4 };
        Assert.Equal(20, Refusal("{\"a\":1}" + new string(' ', 14), limits: limits).Offset);
        Assert.Equal(14, Refusal("{\"a\":1,\"b\":1,\"c\":1}", limits: limits).Offset);
        Assert.Equal(2, Refusal("{\"abcd\":1}", limits: limits).Offset);
        Assert.Equal(7, Refusal("{\"a\":{\"bc\":1}}", limits: limits).Offset);
        Assert.Equal(5, Refusal("{\"a\":\"12345\"}", limits: limits).Offset);
        Assert.Equal(5, Refusal("{\"a\":\"ééé\"}", limits: limits).Offset);
        var batch = new ReadingBatch();
        batch.BeginMessage();
        Assert.True(PayloadDecoder.TryDecode(PayloadFormat.Json, Device, "{\"abc\":1,\"b\":\"éé\"}"u8, Now, batch, limits with { MaxBytes = 21 }, out _));
    }

    [Fact]
    public void An_escaped_text_is_measured_unescaped()
    {
        var text = string.Concat(Enumerable.Repeat("\\u0041", PayloadLimits.Default.MaxTextBytes));
        Assert.Equal(4096 + 4, Rows($"{{\"a\":\"{text}\"}}").Length);
        Assert.Equal(5, Refusal($"{{\"a\":\"{text}A\"}}").Offset);
    }

    [Fact]
    public void Ten_thousand_names_are_told_apart_and_a_repeat_among_them_is_found()
    {
        var many = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"m{i}\":{i}"));
        Assert.Equal(10_000, Rows($"{{{many}}}").Split(", ").Length);
        var repeated = $"{{{string.Join(',', Enumerable.Range(0, 9_000).Select(i => $"\"m{i}\":{i}"))},\"m17\":1}}";
        Assert.Equal(repeated.LastIndexOf("m17", StringComparison.Ordinal), Refusal(repeated).Offset);
    }

    [Fact]
    public void A_decoded_message_allocates_nothing_once_its_names_are_known()
    {
        var batch = new ReadingBatch();
        var payload = "[{\"ts\":1673924399000,\"values\":{\"temperature\":22.4,\"battery\":{\"voltage\":3.1}}},{\"open\":true,\"state\":\"idle\",\"esc\\u0061ped\":1}]"u8.ToArray();
        Decode();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Decode();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Decode()
        {
            batch.Clear();
            batch.BeginMessage();
            if (!PayloadDecoder.TryDecode(PayloadFormat.Json, Device, payload, Now, batch, PayloadLimits.Default, out var error))
                Assert.Fail(error.ToString());
            batch.EndMessage();
        }
    }

    [Fact]
    public void Health_values_are_numbers_and_get_their_prefix()
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        Assert.True(PayloadDecoder.TryDecodeHealth(Device, "{\"battery\":87,\"cpu\":{\"load\":0.5}}"u8, Now, batch, PayloadLimits.Default, out _));
        batch.EndMessage();
        Assert.Equal("health.battery=87, health.cpu.load=0.5", Describe(batch));
        Assert.Equal(5, Refused("{\"a b/\":1}"));
        Assert.Equal(11, Refused("{\"a\":1,\"b\":true}"));
        Assert.Equal(5, Refused("{\"a\":\"x\"}"));
        Assert.Equal(2, Refused("{\"" + new string('a', 122) + "\":1}"));

        int Refused(string payload)
        {
            batch.BeginMessage();
            Assert.False(PayloadDecoder.TryDecodeHealth(Device, Encoding.UTF8.GetBytes(payload), Now, batch, PayloadLimits.Default, out var error));
            return error.Offset;
        }
    }
}
