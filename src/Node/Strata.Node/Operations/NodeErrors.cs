using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Telemetry;

namespace Strata.Node.Operations;

/// <summary>What an HTTP caller sees when nothing else answered: always problem details, never a stack trace.</summary>
public static class NodeErrors
{
    /// <summary>Goes first in the pipeline.</summary>
    public static IApplicationBuilder UseNodeErrors(this IApplicationBuilder app)
    {
        app.UseExceptionHandler(errors => errors.Run(context =>
            Answer(context.Features.Get<IExceptionHandlerFeature>()?.Error).ExecuteAsync(context)));
        app.UseStatusCodePages(pages => Describe(pages.HttpContext).ExecuteAsync(pages.HttpContext));
        return app;
    }

    private static IResult Answer(Exception? error) => error switch
    {
        TelemetryStoreException => ProblemResults.Of(ProblemKind.Unavailable, "The store cannot answer just now; /api/v1/health says why and what to do."),
        not null when IsDatabaseAway(error) => ProblemResults.Of(ProblemKind.Unavailable, "The registry's database cannot answer just now; /api/v1/health says why and what to do."),
        BadHttpRequestException bad => ProblemResults.Of(ProblemKind.Invalid, bad.Message, status: bad.StatusCode),
        _ => TypedResults.Problem("This is a fault of the node; its log says more.", null, StatusCodes.Status500InternalServerError, "The node failed.", "urn:strata:problem:fault"),
    };

    /// <summary>A fault of a database that may pass, however deep it was wrapped.</summary>
    private static bool IsDatabaseAway(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException!)
            if (e is System.Data.Common.DbException { IsTransient: true })
                return true;
        return false;
    }

    private static IResult Describe(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status401Unauthorized => ProblemResults.Of(
            ProblemKind.Unauthenticated, "Send 'Authorization: Bearer TOKEN'; the admin token of a node is in admin.token of its data folder."),
        StatusCodes.Status403Forbidden => ProblemResults.Of(ProblemKind.Forbidden, "The token's role does not allow this."),
        StatusCodes.Status404NotFound => ProblemResults.Of(ProblemKind.NotFound, $"There is nothing at {context.Request.Path}; /openapi/v1.json lists what there is."),
        StatusCodes.Status405MethodNotAllowed => ProblemResults.Of(
            ProblemKind.Invalid, $"{context.Request.Method} is not possible at {context.Request.Path}; allowed: {context.Response.Headers.Allow}.", status: 405),
        var other => TypedResults.Problem(null, null, other),
    };
}
