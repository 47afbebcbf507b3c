using System.Text;
using System.Text.Json;
using CsCheck;
using Strata.Core.Commands;

namespace Strata.Core.Tests.Commands;

/// <summary>What devices answer.</summary>
public sealed class CommandAnswerTests
{
    [Theory]
    [InlineData("""{"status":"succeeded","result":{"a":1}}""", CommandState.Succeeded, """{"a":1}""", null)]
    [InlineData("""{"status":"running","reason":"half way"}""", CommandState.Running, null, "half way")]
    [InlineData("""{"status":"failed","reason":"unknown command"}""", CommandState.Failed, null, "unknown command")]
    [InlineData("""{"status":"failed","result":null,"reason":{"code":7}}""", CommandState.Failed, null, """{"code":7}""")]
    [InlineData("""{"status":"ok"}""", CommandState.Succeeded, """{"status":"ok"}""", null)]
    [InlineData("""{"status":"queued"}""", CommandState.Succeeded, """{"status":"queued"}""", null)]
    [InlineData("""{"status":"failed","more":1}""", CommandState.Succeeded, """{"status":"failed","more":1}""", null)]
    [InlineData("""{"wiped":true}""", CommandState.Succeeded, """{"wiped":true}""", null)]
    [InlineData("17", CommandState.Succeeded, "17", null)]
    [InlineData("done", CommandState.Succeeded, "\"done\"", null)]
    [InlineData("{} {}", CommandState.Succeeded, "\"{} {}\"", null)]
    [InlineData("", CommandState.Succeeded, null, null)]
    [InlineData("""{"status":"succeeded","reason":"\ud800"}""", CommandState.Succeeded, """{"status":"succeeded","reason":"\ud800"}""", null)]
    [InlineData("""{"status":"failed","reason":"a\u0000b\nc"}""", CommandState.Failed, null, "a b c")]
    public void A_payload_says_how_it_went(string payload, CommandState state, string? result, string? reason) =>
        Assert.Equal(new CommandAnswer(state, result, reason), CommandAnswer.Read(Encoding.UTF8.GetBytes(payload), 1_000));

    [Fact]
    public void What_is_no_text_is_kept_as_base64() => Assert.Equal("""{"base64":"/v8A"}""", CommandAnswer.Read([0xFE, 0xFF, 0], 1_000).Result);

    [Fact]
    public void A_result_that_is_too_long_is_left_out_and_the_command_has_succeeded_all_the_same()
    {
        var answer = CommandAnswer.Read(Encoding.UTF8.GetBytes($"\"{new string('x', 99)}\""), 100);
        Assert.Equal((CommandState.Succeeded, null, "the result had 101 bytes, 100 are kept at most"), (answer.State, answer.Result, answer.Reason));
        Assert.NotNull(CommandAnswer.Read(Encoding.UTF8.GetBytes($"\"{new string('x', 98)}\""), 100).Result);
    }

    [Fact]
    public void Whatever_bytes_come_there_is_an_answer_whose_result_is_json_within_its_limit() =>
        Gen.Byte.Array[0, 300].Sample(bytes =>
        {
            var answer = CommandAnswer.Read(bytes, 200);
            if (answer.Result is not { } result)
                return;
            Assert.True(Encoding.UTF8.GetByteCount(result) <= 200);
            JsonDocument.Parse(result).Dispose();
        });

    [Fact]
    public void Names_are_levels_of_a_topic_and_no_more()
    {
        Assert.Null(CommandNames.CheckName("set-log-level"));
        Assert.All(new[] { "", "a/b", "+", "#", "-a", "a b", new string('a', 65), "ä", null }, n => Assert.Equal("name", CommandNames.CheckName(n)?.Field));
        Assert.Null(CommandNames.CheckRequest("2026-03-01.7"));
        Assert.All(new[] { "", "a/b", "run.x", "a\n" }, r => Assert.Equal("request", CommandNames.CheckRequest(r)?.Field));
    }
}
