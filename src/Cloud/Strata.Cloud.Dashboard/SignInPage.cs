using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Strata.Cloud.Dashboard;

/// <summary>What somebody without a session sees in place of a page: how to get a link. The API answers for itself.</summary>
public static class SignInPage
{
    private static readonly string[] OwnAnswers = ["/api", "/login", "/logout", "/openapi", "/docs", "/metrics", "/health", "/_framework", "/_content", "/_blazor"];

    private const string Html = """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
        <title>Sign in - Strata</title><link rel="icon" href="data:,">
        <style>body{font:1.05rem/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:100vh;margin:0;padding:1rem}main{max-width:34rem}code{background:#8883;padding:.15rem .4rem;border-radius:.3rem}</style></head>
        <body><main><h1>Sign in to Strata</h1><p>NOTE</p><p>Get a link on the machine where the node runs, and open it here:</p>
        <p><code>./strata cloud link --data DIR</code></p></main></body></html>
        """;

    /// <summary>Answers page requests without a session. Stands after authentication.</summary>
    public static IApplicationBuilder UseSignInPage(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.User.Identity?.IsAuthenticated == true || !WantsPage(context.Request))
        {
            await next(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        var note = context.Request.Query.ContainsKey("expired") ? "This link was used before or is older than ten minutes." : "This browser has no session.";
        await context.Response.WriteAsync(Html.Replace("NOTE", note, StringComparison.Ordinal), context.RequestAborted);
    });

    private static bool WantsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers[HeaderNames.Accept].ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !OwnAnswers.Any(path => request.Path.StartsWithSegments(path));
}
