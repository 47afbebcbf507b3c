using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Node.Auth;

namespace Strata.Node.Reads.Live;

/// <summary>
/// <c>GET /api/v1/live</c>: readings, windows and events as server-sent events from the moment of the commit. A client that is too slow gets
/// <c>dropped</c> with a count in the place of what it missed.
/// </summary>
internal static class LiveEndpoint
{
    public static async Task HandleAsync(
        string? device, string? site, HttpContext context, LiveHub hub, IOptions<LiveOptions> options, TimeProvider time,
        IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var first = new FirstProblem();
        Core.Devices.DeviceId? of = device is null ? null : first.Take(Parameter.Device(device));
        var at = first.Take(Parameter.Site(site));
        if (first.Problem is { } problem)
        {
            await ProblemResults.Of(problem).ExecuteAsync(context);
            return;
        }
        using var subscription = hub.Subscribe(new LiveFilter(context.Access(), of, at));
        if (subscription is null)
        {
            await ProblemResults.Of(ProblemKind.TooMuch, $"{options.Value.MaxClients} clients are listening already; close one or try later.").ExecuteAsync(context);
            return;
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await context.Response.WriteAsync(": live\n\n", stop.Token);
            await context.Response.Body.FlushAsync(stop.Token);
            await SendAsync(subscription, context.Response, options.Value.KeepAlive, time, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client left or the node stops: the stream simply ends.
        }
    }

    private static async Task SendAsync(
        LiveSubscription subscription, HttpResponse response, TimeSpan keepAlive, TimeProvider time, CancellationToken cancellationToken)
    {
        while (await WaitAsync(subscription, response, keepAlive, time, cancellationToken))
        {
            for (var burst = 0; burst < 256 && subscription.Items.TryRead(out var item); burst++)
                await WriteAsync(response, item, cancellationToken);
            if (subscription.TakeDropped() is > 0 and var dropped)
                await WriteAsync(response, new LiveItem("dropped", null, null, null, dropped), cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Waits for items, with a sign of life now and then; false when no more will come.</summary>
    private static async Task<bool> WaitAsync(
        LiveSubscription subscription, HttpResponse response, TimeSpan keepAlive, TimeProvider time, CancellationToken cancellationToken)
    {
        var waiting = subscription.Items.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            try
            {
                return await waiting.WaitAsync(keepAlive, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                await response.WriteAsync(": still here\n\n", cancellationToken);
                await response.Body.FlushAsync(cancellationToken);
            }
        }
    }

    private static async Task WriteAsync(HttpResponse response, LiveItem item, CancellationToken cancellationToken)
    {
        await response.WriteAsync($"event: {item.Type}\ndata: ", cancellationToken);
        await JsonSerializer.SerializeAsync(response.BodyWriter, item, ContractsJson.Default.LiveItem, cancellationToken);
        await response.WriteAsync("\n\n", cancellationToken);
    }
}
