using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Node;

/// <summary>
/// The one place where a <see cref="Problem"/> becomes an HTTP answer: RFC 9457 problem details with <c>type</c>, <c>title</c>,
/// <c>status</c>, <c>detail</c> and, when there is one, <c>field</c>.
/// </summary>
public static class ProblemResults
{
    /// <summary>Seconds after which a caller may try again when the node cannot do it just now.</summary>
    public const int RetryAfterSeconds = 2;

    /// <summary>The answer to a refused request.</summary>
    /// <param name="status">Instead of the kind's usual status: 413 or 415, say.</param>
    public static IResult Of(Problem problem, int? status = null)
    {
        var (usual, name, title) = Describe(problem.Kind);
        var extensions = problem.Field is null ? null : new Dictionary<string, object?> { ["field"] = problem.Field };
        var result = TypedResults.Problem(problem.Detail, null, status ?? usual, title, $"urn:strata:problem:{name}", extensions);
        return problem.Kind is ProblemKind.Unavailable ? new RetryLater(result) : result;
    }

    public static IResult Of(ProblemKind kind, string detail, string? field = null, int? status = null) => Of(new Problem(kind, detail, field), status);

    /// <summary>The value through <paramref name="success"/>, or the problem.</summary>
    public static IResult ToResult<T>(this Outcome<T> outcome, Func<T, IResult> success) =>
        outcome.IsOk ? success(outcome.Value) : Of(outcome.Problem);

    /// <summary>The usual status of a kind of problem.</summary>
    public static int StatusOf(ProblemKind kind) => Describe(kind).Status;

    private static (int Status, string Name, string Title) Describe(ProblemKind kind) => kind switch
    {
        ProblemKind.Invalid => (StatusCodes.Status400BadRequest, "invalid", "The request is not valid."),
        ProblemKind.Unauthenticated => (StatusCodes.Status401Unauthorized, "unauthenticated", "Valid credentials are needed."),
        ProblemKind.Forbidden => (StatusCodes.Status403Forbidden, "forbidden", "This is not allowed."),
        ProblemKind.NotFound => (StatusCodes.Status404NotFound, "not-found", "There is no such thing."),
        ProblemKind.Conflict => (StatusCodes.Status409Conflict, "conflict", "This contradicts what is there."),
        ProblemKind.Outdated => (StatusCodes.Status412PreconditionFailed, "outdated", "It has changed since it was read."),
        ProblemKind.TooMuch => (StatusCodes.Status429TooManyRequests, "too-much", "This is beyond a limit."),
        ProblemKind.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable", "This cannot be done just now."),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of problem."),
    };

    private sealed class RetryLater(IResult inner) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.RetryAfter = RetryAfterSeconds.ToString();
            return inner.ExecuteAsync(httpContext);
        }
    }
}
