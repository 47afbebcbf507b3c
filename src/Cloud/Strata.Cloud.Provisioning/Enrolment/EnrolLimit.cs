using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Node;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>Bounds how often one address may try to enrol: the endpoint takes callers that are not authenticated.</summary>
internal sealed class EnrolLimit(ProvisioningOptions options) : IEndpointFilter, IDisposable
{
    private readonly PartitionedRateLimiter<HttpContext> limiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
        RateLimitPartition.GetFixedWindowLimiter(
            context.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new FixedWindowRateLimiterOptions { PermitLimit = options.EnrolmentsPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        using var lease = limiter.AttemptAcquire(context.HttpContext);
        return lease.IsAcquired
            ? await next(context)
            : ProblemResults.Of(ProblemKind.TooMuch, $"At most {options.EnrolmentsPerMinute} attempts to enrol a minute; try again in a minute.");
    }

    public void Dispose() => limiter.Dispose();
}
