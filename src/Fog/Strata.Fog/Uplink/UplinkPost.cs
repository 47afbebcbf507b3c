using System.Buffers;
using System.Net;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Dataflow.Uplink;
using Strata.Fog.Link;
using Strata.Forwarding;

namespace Strata.Fog.Uplink;

/// <summary>What one request came to.</summary>
internal enum PostResult
{
    /// <summary>The parent has the entries.</summary>
    Taken,

    /// <summary>Not now: the connection broke, the parent cannot store, or nobody knows. Sending again is right.</summary>
    Failed,

    /// <summary>The request itself is refused; sending the same again cannot help.</summary>
    Refused,
}

/// <param name="Problem">For people; empty when taken.</param>
/// <param name="RetryAfter">What the parent asked for.</param>
internal readonly record struct PostOutcome(PostResult Result, UplinkAnswer? Answer, string Problem, TimeSpan RetryAfter = default);

/// <summary>One uplink request: lines out, answer in.</summary>
internal sealed class UplinkPost(ParentClient parent, ForwardLog log, TimeSpan timeout, TimeProvider time)
{
    private readonly ArrayBufferWriter<byte> body = new(64 << 10);

    public async Task<PostOutcome> SendAsync(IReadOnlyList<ForwardEntry> entries, bool live, CancellationToken cancellationToken)
    {
        body.ResetWrittenCount();
        foreach (var entry in entries)
            UplinkEntryWriter.WriteLine(body, entry.Number, EntryTag.KindOf(entry.Tag), entry.Payload.Span);
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var response = await parent.PostUplinkAsync(log.Stream, log.Lowest, live, body.WrittenMemory, either.Token);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                var answer = await JsonSerializer.DeserializeAsync(
                    await response.Content.ReadAsStreamAsync(either.Token), ContractsJson.Default.UplinkAnswer, either.Token);
                return answer is null ? Failed("The parent's answer is empty.") : new PostOutcome(PostResult.Taken, answer, "");
            }
            return Judge(response);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return Failed(e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed($"The parent did not answer within {timeout.TotalSeconds:0.#} s.");
        }
    }

    private static PostOutcome Judge(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
        return response.StatusCode switch
        {
            HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnsupportedMediaType =>
                new PostOutcome(PostResult.Refused, null, $"The parent refused the request with {(int)response.StatusCode}."),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound =>
                new PostOutcome(PostResult.Failed, null, $"The parent answered {(int)response.StatusCode}: it does not know this gateway's secret.", TimeSpan.FromSeconds(10)),
            _ => new PostOutcome(PostResult.Failed, null, $"The parent answered {(int)response.StatusCode}.", wait),
        };
    }

    private static PostOutcome Failed(string problem) => new(PostResult.Failed, null, problem);
}
