using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary><c>GET /login?code=..</c> exchanges a one-time code for a session; <c>POST /logout</c> ends it; <c>POST /api/v1/login-links</c> makes a code.</summary>
public static class LoginEndpoints
{
    public static IEndpointRouteBuilder MapLogin(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login", LogIn).IsOpen("the code is the proof").ExcludeFromDescription();
        routes.MapPost("/logout", (Delegate)LogOut).IsOpen("ends the browser's own session").ExcludeFromDescription();
        routes.MapPost("/api/v1/login-links", CreateLink).Requires(Permission.TenantManage).WithTags("Access")
            .WithSummary("Makes a link that opens the dashboard once, within ten minutes.").Produces<LoginLink>();
        return routes;
    }

    /// <summary>Where the first person makes an account.</summary>
    public const string WelcomePath = "/welcome";

    /// <summary>The path that opens the dashboard with the code.</summary>
    public static string PathOf(string code) => $"/login?code={code}";

    private static async Task<IResult> LogIn(HttpContext context, OneTimeLinks links, string? code)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        var people = context.RequestServices.GetService<ISignIn>();
        if (code is null && people is not null)
            return people.Page(context);
        if (!links.TryRedeem(code, out var principal, out var welcomes))
        {
            if (context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
                return TypedResults.LocalRedirect("/?expired"); // A person's browser: the dashboard says it on a page.
            return ProblemResults.Of(
                ProblemKind.Unauthenticated, "This link was used before or is older than ten minutes. Ask for a new one where the node runs: strata cloud link.", "code");
        }
        var session = people is null ? principal : await people.OpenAsync(principal, context);
        if (session is null)
            return ProblemResults.Of(ProblemKind.Unavailable, "The session could not be kept just now; see the node's disk, and ask for a new link.");
        await context.SignInAsync(StrataIdentity.CookieScheme, StrataIdentity.Of(session, StrataIdentity.CookieScheme));
        return TypedResults.LocalRedirect(welcomes && people is not null ? WelcomePath : "/");
    }

    private static async Task<IResult> LogOut(HttpContext context)
    {
        if (context.User.Identity?.IsAuthenticated == true && context.RequestServices.GetService<ISignIn>() is { } people)
            await people.EndAsync(context);
        await context.SignOutAsync(StrataIdentity.CookieScheme);
        return TypedResults.LocalRedirect("/");
    }

    /// <summary>A link for the caller itself; for a platform owner who acts for another tenant, for that one's administrator.</summary>
    private static JsonHttpResult<LoginLink> CreateLink(HttpContext context, OneTimeLinks links, TenantDirectory tenants, PublicAddress address)
    {
        var access = context.Access();
        var own = access.Tenant == (access.Principal.IsPlatformOwner ? tenants.Default : access.Principal.Tenant);
        var (code, expires) = links.Create(own ? access.Principal : StrataIdentity.AdministratorOf(access.Tenant));
        return TypedResults.Json(new LoginLink(address.Of(context.Request, PathOf(code)), expires), ContractsJson.Default.LoginLink);
    }
}
