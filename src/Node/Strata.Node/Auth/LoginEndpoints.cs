using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Core;

namespace Strata.Node.Auth;

/// <summary><c>GET /login?code=..</c> exchanges a one-time code for a session; <c>POST /logout</c> ends it; <c>POST /api/v1/login-links</c> makes a code.</summary>
public static class LoginEndpoints
{
    public static IEndpointRouteBuilder MapLogin(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login", LogIn).AllowAnonymous().ExcludeFromDescription();
        routes.MapPost("/logout", (Delegate)LogOut).AllowAnonymous().ExcludeFromDescription();
        routes.MapPost("/api/v1/login-links", CreateLink).RequireAuthorization(NodePolicies.Admin).WithTags("Access")
            .WithSummary("Makes a link that opens the dashboard once, within ten minutes.").Produces<LoginLink>();
        return routes;
    }

    /// <summary>The path that opens the dashboard with the code.</summary>
    public static string PathOf(string code) => $"/login?code={code}";

    private static async Task<IResult> LogIn(HttpContext context, OneTimeLinks links, string? code)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        if (!links.TryRedeem(code, out var identity))
        {
            if (context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
                return TypedResults.LocalRedirect("/?expired"); // A person's browser: the dashboard says it on a page.
            return ProblemResults.Of(
                ProblemKind.Unauthenticated, "This link was used before or is older than ten minutes. Ask for a new one where the node runs: strata cloud link.", "code");
        }
        await context.SignInAsync(StrataIdentity.CookieScheme, StrataIdentity.Of(identity, StrataIdentity.CookieScheme));
        return TypedResults.LocalRedirect("/");
    }

    private static async Task<IResult> LogOut(HttpContext context)
    {
        await context.SignOutAsync(StrataIdentity.CookieScheme);
        return TypedResults.LocalRedirect("/");
    }

    private static JsonHttpResult<LoginLink> CreateLink(HttpContext context, OneTimeLinks links)
    {
        var (code, expires) = links.Create(new TokenIdentity(context.Tenant(), context.User.Name(), TokenRole.Admin));
        return TypedResults.Json(new LoginLink($"{context.Request.Scheme}://{context.Request.Host}{PathOf(code)}", expires), ContractsJson.Default.LoginLink);
    }
}
