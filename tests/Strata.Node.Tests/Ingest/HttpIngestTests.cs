using System.Net;
using System.Text;
using System.Text.Json;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Tests.Support;

namespace Strata.Node.Tests.Ingest;

public sealed class HttpIngestTests
{
    private const string Path = "/api/v1/devices/t-1/telemetry";

    [Fact]
    public async Task No_content_is_answered_after_the_commit()
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));
        node.Store.Hold();

        var posted = device.PostAsync(Path, Json("""{"temperature":22.4}"""));
        await node.Store.Entered;
        var early = posted.IsCompleted;
        node.Store.Release();
        using var answer = await posted;

        Assert.False(early, "answered before the commit had ended");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Single(node.Store.Readings);
        Assert.Contains(("t-1", null, true), node.Activity.HeardFrom);
    }

    [Fact]
    public async Task Headers_number_the_batch_and_a_repeat_changes_nothing()
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));
        device.DefaultRequestHeaders.Add("strata-batch", "s1/7");

        using var first = await device.PostAsync(Path, Json("""{"n":1}"""));
        using var again = await device.PostAsync(Path, Json("""{"n":1}"""));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, again.StatusCode));
        Assert.Single(node.Store.Readings);
        Assert.Equal(1, node.Get<IngestCounters>().Duplicates);
    }

    [Fact]
    public async Task A_bad_payload_is_400_with_problem_details_that_name_the_byte()
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));

        using var answer = await device.PostAsync(Path, Json("""{"a":1,"b":[1]}"""));

        using var problem = await ProblemAsync(answer, HttpStatusCode.BadRequest);
        Assert.Equal("urn:strata:problem:invalid", problem.RootElement.GetProperty("type").GetString());
        Assert.StartsWith("byte 11", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("byte 11", problem.RootElement.GetProperty("field").GetString());
        Assert.Equal(RejectionKind.Payload, Assert.Single(node.Rejected()).Kind);
    }

    [Theory]
    [InlineData("t-1", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData("t-2", "right", HttpStatusCode.Forbidden)]
    [InlineData("gw", "right", HttpStatusCode.Forbidden)]
    public async Task Wrong_credentials_and_other_callers_are_refused(string? user, string? secret, HttpStatusCode expected)
    {
        await using var node = await TestNode.StartAsync();
        node.AddDevice("t-1");
        var (other, gateway) = (node.AddDevice("t-2"), node.AddGateway("gw"));
        using var device = node.Client(user, secret == "right" ? user == "gw" ? gateway : other : secret);

        using var answer = await device.PostAsync(Path, Json("""{"n":1}"""));

        using var problem = await ProblemAsync(answer, expected);
        Assert.Empty(node.Store.Readings);
        Assert.Equal(expected == HttpStatusCode.Unauthorized, answer.Headers.WwwAuthenticate.Count > 0);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Other_content_types_are_415(string type)
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));

        using var answer = await device.PostAsync(Path, new StringContent("""{"n":1}""", Encoding.UTF8, type));

        using var problem = await ProblemAsync(answer, HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_beyond_the_limit_is_413_with_or_without_a_stated_length(bool chunked)
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = Json(new string(' ', 257 * 1024)) };
        request.Headers.TransferEncodingChunked = chunked;

        using var answer = await device.SendAsync(request);

        using var problem = await ProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge);
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task While_the_store_cannot_commit_503_with_retry_after_and_afterwards_204_again()
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));
        node.Store.Failing = true;

        using var failed = await device.PostAsync(Path, Json("""{"n":1}"""));
        using var still = await device.PostAsync(Path, Json("""{"n":1}"""));
        node.Store.Failing = false;
        var status = HttpStatusCode.ServiceUnavailable;
        var deadline = TimeProvider.System.GetTimestamp();
        while (status == HttpStatusCode.ServiceUnavailable && TimeProvider.System.GetElapsedTime(deadline) < TestNode.Patience)
        {
            using var answer = await device.PostAsync(Path, Json("""{"n":2}"""));
            status = answer.StatusCode;
        }

        using var problem = await ProblemAsync(failed, HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, still.StatusCode);
        Assert.NotNull(failed.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.NoContent, status);
        Assert.Equal("2", Assert.Single(node.Store.Readings).Value.ToString());
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<JsonDocument> ProblemAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal((int)expected, problem.RootElement.GetProperty("status").GetInt32());
        return problem;
    }
}
