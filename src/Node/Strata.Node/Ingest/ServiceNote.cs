using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Node.Ingest;

/// <summary>What a request to an endpoint says of the node's service; an endpoint without a note is one of the API.</summary>
internal sealed class ServiceNote
{
    /// <summary>Takes what devices and gateways send.</summary>
    public static readonly ServiceNote Ingest = new();

    /// <summary>Hands the question to a gateway: that one of them does not answer is no failure of the node.</summary>
    public static readonly ServiceNote AsksGateway = new();
}

/// <summary>Counts how requests were answered, by tenant, into <see cref="ServiceCounters"/>.</summary>
public static class ServiceCounting
{
    /// <summary>Goes before everything that may answer: it counts what the caller got.</summary>
    public static IApplicationBuilder UseServiceCounters(this IApplicationBuilder app)
    {
        var counters = app.ApplicationServices.GetRequiredService<ServiceCounters>();
        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        return app.Use(async (context, next) =>
        {
            var began = time.GetTimestamp();
            var note = context.GetEndpoint()?.Metadata.GetMetadata<ServiceNote>(); // Now: an exception's handler forgets the endpoint.
            await next(context);
            if (context.Features.Get<Access>() is { } access && !context.RequestAborted.IsCancellationRequested)
                Count(counters.Of(access.Tenant), access.Principal.Kind, note, context, time.GetElapsedTime(began));
        });
    }

    private static void Count(TenantService service, PrincipalKind kind, ServiceNote? note, HttpContext context, TimeSpan took)
    {
        var isFailure = context.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        if (note == ServiceNote.Ingest)
        {
            if (isFailure)
                service.Failed(1);
            else
                service.Acknowledged(1, took);
        }
        else if (kind is not (PrincipalKind.Device or PrincipalKind.Gateway))
        {
            var asked = note == ServiceNote.AsksGateway || context.Request.Query["at"] == "gateway";
            service.Answered(isFailure && !(asked && context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable));
        }
    }
}
