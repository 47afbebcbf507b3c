using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Reads;
using Strata.Node.Uplink;

namespace Strata.Node.Link;

/// <summary>The endpoints between a gateway and its parent: uplink, status, link, answers; and the way through to a gateway's own API.</summary>
public static class GatewayLinkEndpoints
{
    public static IEndpointRouteBuilder MapGatewayLinks(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/api/v1/gateways/{id}").RequiresGateway().WithTags("Gateway link");
        own.MapPost("/uplink", (string id, HttpContext context, UplinkReceiver receiver) => receiver.PostAsync(id, context)).WithMetadata(ServiceNote.Ingest)
            .WithSummary("Stores a gateway's entries; the answer follows the commit.").WithDescription("The body is application/x-ndjson: one entry a line.").Produces<UplinkAnswer>()
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(413).ProducesProblem(415).ProducesProblem(503);
        own.MapPost("/status", PostStatus).WithSummary("A gateway says how it is.").Produces(StatusCodes.Status204NoContent);
        own.MapGet("/link", (Delegate)OpenLink).WithSummary("Server-sent events for the gateway: configuration, change, request, ping.")
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
        own.MapPost("/link/responses/{requestId}", PostResponse).WithSummary("The gateway's answer to a request.").Produces(StatusCodes.Status204NoContent);
        own.MapPost("/link/taken/{messageId}", PostTaken).WithSummary("The gateway has a message for a device on its disk.").Produces(StatusCodes.Status204NoContent);
        routes.MapGet("/api/v1/gateways/{id}/api/v1/{**rest}", AskGateway).Requires(Permission.ReadingsRead).WithMetadata(ServiceNote.AsksGateway).WithTags("Gateways")
            .WithSummary("Asks the gateway's own API, through the gateways it is chained to where needed.")
            .ProducesProblem(404).ProducesProblem(429).ProducesProblem(503);
        return routes;
    }

    private static IResult PostStatus(
        string id, GatewayStatus status, HttpContext context, GatewayDirectory gateways, GatewayStatusBoard board, GatewayLinkHub hub, IRejectionLog rejections, TimeProvider time)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        hub.Heard(gateway);
        board.Set(gateway.Tenant, gateway.Gateway, status, time.GetUtcNow());
        return TypedResults.NoContent();
    }

    private static async Task<IResult> OpenLink(string id, HttpContext context, GatewayDirectory gateways, GatewayLinkHub hub, IRejectionLog rejections)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        var said = context.Request.Query["version"].ToString();
        long? version = null;
        if (said.Length > 0)
        {
            if (!long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return ProblemResults.Of(ProblemKind.Invalid, "version is an integer.", "version");
            version = number;
        }
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await hub.ServeAsync(gateway, version, context.Response.BodyWriter, context.RequestAborted);
        return TypedResults.Empty;
    }

    private static async Task<IResult> PostResponse(
        string id, string requestId, HttpContext context, GatewayDirectory gateways, GatewayLinkHub hub, IOptions<GatewayLinkOptions> options, IRejectionLog rejections)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        hub.Heard(gateway);
        if (!hub.IsWaiting(gateway, requestId))
            return ProblemResults.Of(ProblemKind.NotFound, "Nobody waits for this answer (any more).", "requestId");
        if (!int.TryParse(context.Request.Headers["X-Status"], NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status is < 200 or > 599)
            return ProblemResults.Of(ProblemKind.Invalid, "X-Status is the answer's HTTP status.", "X-Status");
        if (await RequestBody.ReadAsync(context, options.Value.MaxAnswerBytes, context.RequestAborted) is { } body)
            hub.Complete(gateway, requestId, new GatewayReply(status, body));
        else
            hub.Complete(gateway, requestId, new GatewayReply(StatusCodes.Status502BadGateway, TooLong));
        return TypedResults.NoContent();
    }

    private static async Task<IResult> PostTaken(
        string id, string messageId, HttpContext context, GatewayDirectory gateways, GatewayLinkHub hub, IDownward downward, IRejectionLog rejections)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        hub.Heard(gateway);
        await downward.TakenAsync(gateway, messageId, context.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> AskGateway(string id, string rest, HttpContext context, GatewayLinkHub hub)
    {
        var access = context.Access();
        if (!GatewayId.TryParse(id, out var gateway))
            return ProblemResults.Of(Unknown(id));
        // A gateway answers for all that it knows, guests from other places too: it is for who may read all of the tenant.
        if (!access.IsWhole(Permission.ReadingsRead))
            return ProblemResults.Of(access.Sees(Permission.ReadingsRead, gateway) ? Access.Forbidden : Unknown(id));
        var path = $"/api/v1/{string.Join('/', rest.Split('/').Select(Uri.EscapeDataString))}{context.Request.QueryString}";
        var answer = await hub.AskAsync(access.Tenant, gateway, path, context.RequestAborted);
        return answer.ToResult(reply => new Relayed(reply));
    }

    private static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no gateway '{id}'.");

    private static ReadOnlyMemory<byte> TooLong { get; } = """{"detail":"The gateway's answer is too long."}"""u8.ToArray();

    private sealed class Relayed(GatewayReply reply) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = reply.Status;
            httpContext.Response.ContentType = reply.Status >= 400 ? "application/problem+json" : "application/json";
            httpContext.Response.ContentLength = reply.Body.Length;
            await httpContext.Response.BodyWriter.WriteAsync(reply.Body, httpContext.RequestAborted);
        }
    }
}
