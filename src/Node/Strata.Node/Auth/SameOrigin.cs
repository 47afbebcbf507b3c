using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Node.Auth;

/// <summary>
/// A browser sends the session's cookie with what any page of the same site asks for, and pages at other ports of a host are of the same site: what would change something, or
/// opens a WebSocket, is taken with the cookie from this node's own pages only. Tokens and passwords are not sent by browsers on their own, so they are not asked.
/// </summary>
public static class SameOrigin
{
    private static readonly Problem Foreign = new(ProblemKind.Forbidden, "A page of another origin sent this with your session; do it on the node's own pages.");

    /// <summary>After authentication.</summary>
    public static IApplicationBuilder UseSameOrigin(this IApplicationBuilder app) =>
        app.Use((context, next) => IsForeign(context) ? ProblemResults.Of(Foreign).ExecuteAsync(context) : next(context));

    private static bool IsForeign(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.Authorization.Count > 0 || !request.Cookies.ContainsKey(StrataAuthentication.CookieName))
            return false;
        if ((HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)) && !context.WebSockets.IsWebSocketRequest)
            return false;
        // What the browser says of itself counts; an older one names the page's origin. A program that names neither is no browser.
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site)
            return site is not ("same-origin" or "none");
        return request.Headers.Origin.ToString() is { Length: > 0 } origin && !IsOwn(origin, request);
    }

    /// <summary>Host and port; a proxy before the node may have taken TLS off.</summary>
    private static bool IsOwn(string origin, HttpRequest request)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var page))
            return false;
        var own = request.Host;
        return string.Equals(page.Host.Trim('[', ']'), own.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase) && (own.Port is { } port ? page.Port == port : page.IsDefaultPort);
    }
}
