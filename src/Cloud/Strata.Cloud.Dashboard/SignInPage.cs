using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Strata.Cloud.Dashboard;

/// <summary>What somebody without a session sees in place of a page: where to sign in. The API answers for itself.</summary>
public static class SignInPage
{
    private static readonly string[] OwnAnswers = ["/api", "/login", "/logout", "/join", "/install", "/openapi", "/docs", "/metrics", "/health", "/_framework", "/_content", "/_blazor"];

    /// <summary>Answers page requests without a session. Stands after authentication.</summary>
    /// <param name="write">Writes the page to sign in on.</param>
    public static IApplicationBuilder UseSignInPage(this IApplicationBuilder app, Func<HttpContext, Task> write) => app.Use(async (context, next) =>
    {
        if (context.User.Identity?.IsAuthenticated == true || !WantsPage(context.Request))
        {
            await next(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        await write(context);
    });

    private static bool WantsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers[HeaderNames.Accept].ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !OwnAnswers.Any(path => request.Path.StartsWithSegments(path));
}
