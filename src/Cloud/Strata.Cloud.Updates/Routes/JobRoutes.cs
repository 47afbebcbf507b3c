using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Updates.Jobs;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Updates.Routes;

/// <summary>A device's jobs over HTTP: as by MQTT, with the device's own credentials. Of others' nothing exists.</summary>
internal static class JobRoutes
{
    public static void MapJobs(this IEndpointRouteBuilder api)
    {
        api.MapGet("/devices/{id}/jobs/next", NextAsync).RequiresDevice().AcceptsOnly().WithName("GetNextJob").WithTags("Updates").WithSummary("What the device has to do; 204 when nothing").Produces<JobInfo>().Produces(StatusCodes.Status204NoContent);
        api.MapPut("/devices/{id}/jobs/{job}", ReportAsync).RequiresDevice().AcceptsOnly().WithName("ReportJob").WithTags("Updates").WithSummary("What becomes of a job; answered when it is written")
            .Accepts<JobReport>("application/json").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPut("/devices/{id}/jobs/software", SoftwareAsync).RequiresDevice().AcceptsOnly().WithName("ReportSoftware").WithTags("Updates").WithSummary("What software the device has, version by component; answered when it is written")
            .Accepts<Dictionary<string, string>>("application/json").Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> NextAsync(HttpContext context, JobDesk desk, string id)
    {
        if (Own(context, id) is not { } device)
            return NotOwn;
        var next = await desk.NextAsync(context.Tenant(), device);
        return next.Problem is { } problem ? ProblemResults.Of(problem) : next.Value is { } job ? Results.Json(job, ContractsJson.Default.JobInfo) : Results.NoContent();
    }

    private static async Task<IResult> ReportAsync(HttpContext context, JobDesk desk, string id, string job, CancellationToken cancellationToken)
    {
        if (Own(context, id) is not { } device)
            return NotOwn;
        var report = await context.Request.ReadJsonAsync(ContractsJson.Default.JobReport, cancellationToken, 16 * 1024);
        if (!report.IsOk)
            return ProblemResults.Of(report.Problem);
        return await desk.ReportAsync(context.Tenant(), device, job, report.Value) is { } problem ? ProblemResults.Of(problem) : Results.NoContent();
    }

    private static async Task<IResult> SoftwareAsync(HttpContext context, JobDesk desk, string id, CancellationToken cancellationToken)
    {
        if (Own(context, id) is not { } device)
            return NotOwn;
        var components = await context.Request.ReadJsonAsync(ContractsJson.Default.DictionaryStringString, cancellationToken, 16 * 1024);
        if (!components.IsOk)
            return ProblemResults.Of(components.Problem);
        return await desk.SoftwareAsync(context.Tenant(), device, components.Value) is { } problem ? ProblemResults.Of(problem) : Results.NoContent();
    }

    private static DeviceId? Own(HttpContext context, string id) => context.User.Device() is { } device && device.Value == id ? device : null;

    private static IResult NotOwn => ProblemResults.Of(ProblemKind.NotFound, "A device has jobs of its own only.", "id");
}
