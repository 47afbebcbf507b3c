using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Fog.Link;
using Strata.Fog.Served;
using Strata.Node;
using Strata.Node.Devices;
using Strata.Node.Uplink;

namespace Strata.Fog.Below;

/// <summary>
/// <c>POST /api/v1/gateways/{id}/shadows</c> at a gateway: passed on as it is, as the gateway that asks, so that the cloud brings both sides together and says which devices are its. Nothing is merged
/// or kept here. While the cloud is away the answer is 503, and the gateway below asks again.
/// </summary>
internal sealed class ShadowsBelow(ServedTenants served, GatewayDirectory gateways, IRejectionLog rejections, BelowOptions options, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<(TenantId, GatewayId), bool> asking = new();
    private readonly SemaphoreSlim turns = new(options.MaxRelayed);

    public async Task<IResult> HandleAsync(string id, HttpContext context)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        if (served.Of(gateway.Tenant)?.ParentOf(gateway.Gateway) is not { } parent)
            return ProblemResults.Of(ProblemKind.NotFound, $"There is no gateway '{id}' below this one.", "id");
        var key = (gateway.Tenant, gateway.Gateway);
        if (!asking.TryAdd(key, true))
            return ProblemResults.Of(ProblemKind.TooMuch, "A request of this gateway is under way; one at a time is passed on.");
        using var deadline = new CancellationTokenSource(options.RelayWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, deadline.Token);
        try
        {
            await turns.WaitAsync(either.Token);
            try
            {
                return await PassOnAsync(parent, context, either.Token);
            }
            finally
            {
                turns.Release();
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return Unavailable(context, "The parent did not answer in time.");
        }
        finally
        {
            asking.TryRemove(key, out _);
        }
    }

    public void Dispose() => turns.Dispose();

    private async Task<IResult> PassOnAsync(ParentClient parent, HttpContext context, CancellationToken cancellationToken)
    {
        if (await BodyAsync(context, cancellationToken) is not { } body)
            return ProblemResults.Of(ProblemKind.TooMuch, $"A request that is passed on has at most {options.MaxRelayedBytes:N0} bytes.", status: StatusCodes.Status413PayloadTooLarge);
        try
        {
            using var content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await parent.PostAsync("shadows", content, cancellationToken);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            context.Response.ContentLength = answer.Content.Headers.ContentLength;
            await answer.Content.CopyToAsync(context.Response.Body, cancellationToken);
            return Results.Empty;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Unavailable(context, $"The parent cannot be asked just now: {e.Message}");
        }
    }

    /// <summary>An answer that has begun is broken off: the gateway below takes it for none.</summary>
    private static IResult Unavailable(HttpContext context, string why)
    {
        if (!context.Response.HasStarted)
        {
            (context.Response.ContentLength, context.Response.ContentType) = (null, null);
            return ProblemResults.Of(ProblemKind.Unavailable, why);
        }
        context.Abort();
        return Results.Empty;
    }

    /// <summary>Null when it is longer than it may be.</summary>
    private async Task<ReadOnlyMemory<byte>?> BodyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
            server.MaxRequestBodySize = null; // Counted here.
        if (context.Request.ContentLength > options.MaxRelayedBytes)
            return null;
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(chunk, cancellationToken) is var read && read > 0)
        {
            if (buffer.Length + read > options.MaxRelayedBytes)
                return null;
            await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
        }
        return buffer.ToArray();
    }
}
