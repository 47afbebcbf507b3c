using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>
/// <c>GET /login/provider</c> sends the browser to the tenant's provider; <c>GET /login/provider/callback</c> is where it comes back: authorization code with PKCE, state and nonce,
/// which a cookie carries that only this node can read.
/// </summary>
internal sealed partial class ProviderSignIn(
    PeopleStore people, ProviderHttp http, ProviderAnswer answer, ProviderAccounts accounts, ProviderLinks links, SignIn signIn, SealedBox box, ILogger<ProviderSignIn> logger)
{
    public const string CallbackPath = "/login/provider/callback";

    private const string CookieName = "strata-provider";
    private const string Purpose = "provider.sign-in";

    private static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    public static string RedirectUri(HttpContext context) => context.RequestServices.GetRequiredService<PublicAddress>().Of(context.Request, CallbackPath);

    public Task<IResult> BeginAsync(string? tenant, string? returnUrl, HttpContext context) => BeginAsync(tenant, PeoplePages.LocalPath(returnUrl), null, context);

    /// <param name="link">The account that is to be linked to who is signed in there; null for a sign-in.</param>
    public async Task<IResult> BeginAsync(string? tenant, string next, LinkTicket? link, HttpContext context)
    {
        if (!TenantId.TryParse(tenant, out var id) || people.FindProvider(id) is not { } provider)
            return ProviderPages.Refused(context, StatusCodes.Status404NotFound, "This organisation has no provider to sign in with.");
        try
        {
            var described = await http.DescribeAsync(provider.Issuer, again: false, context.RequestAborted);
            if (!IsOf(provider, described.Issuer) || !Uri.TryCreate(described.AuthorizationEndpoint, UriKind.Absolute, out var endpoint) || !ProviderHttp.IsAllowed(endpoint))
                return ProviderPages.Refused(context, StatusCodes.Status502BadGateway, $"The provider calls itself '{described.Issuer}', or names no page to sign in at; an administrator has to set it anew.");
            var under = new UnderWay(id.Value, provider.Issuer, Random(), Random(), Random(), next, link);
            Remember(context, box.Issue(Purpose, under, Within), Within);
            var address = QueryHelpers.AddQueryString(described.AuthorizationEndpoint, new Dictionary<string, string?>
            {
                ["response_type"] = "code", ["client_id"] = provider.ClientId, ["redirect_uri"] = RedirectUri(context), ["scope"] = "openid email profile",
                ["state"] = under.State, ["nonce"] = under.Nonce, ["code_challenge"] = Base64UrlTextEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(under.Verifier))), ["code_challenge_method"] = "S256",
            });
            return link is null ? Results.Redirect(address) : ProviderPages.Leave(context, provider.Label, address);
        }
        catch (Exception e) when (IsOfProvider(e, context))
        {
            return Away(provider, e, context);
        }
    }

    public async Task<IResult> CallbackAsync(string? code, string? state, string? iss, string? error, HttpContext context)
    {
        var under = box.Redeem<UnderWay>(Purpose, context.Request.Cookies[CookieName]);
        Remember(context, "", TimeSpan.Zero); // Good for one answer.
        if (under is null || state is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(under.State)))
            return ProviderPages.Refused(context, StatusCodes.Status400BadRequest, "This answer belongs to no sign-in that was begun in this browser within ten minutes; begin again.");
        if (people.FindProvider(TenantId.Parse(under.Tenant)) is not { } provider || provider.Issuer != under.Issuer || (iss is not null && !IsOf(provider, iss)))
            return ProviderPages.Refused(context, StatusCodes.Status400BadRequest, "The answer is of another provider than the one that was asked; begin again.", under.Tenant);
        if (error is not null || string.IsNullOrEmpty(code) || code.Length > 4_096)
            return ProviderPages.Refused(context, StatusCodes.Status401Unauthorized, $"The provider did not let you in{(error is { Length: <= 64 } ? $" ({error})" : "")}.", under.Tenant);
        try
        {
            var person = await answer.ExchangeAsync(provider, code, RedirectUri(context), under.Verifier, under.Nonce, context.RequestAborted);
            if (under.Link is { } link)
            {
                var linked = person.IsOk ? await links.LinkAsync(provider, person.Value!, link, context) : person.Problem;
                return linked.IsOk ? ProviderPages.Linked(context, provider.Label) : ProviderPages.Refused(
                    context, linked.Problem.Kind == ProblemKind.Unauthenticated ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden, linked.Problem.Detail, under.Tenant);
            }
            var user = person.IsOk ? await accounts.AdmitAsync(provider, person.Value!, context) : person.Problem;
            var opened = user.IsOk ? await signIn.EnterAsync(user.Value!, under.Tenant, context, byProvider: true) : user.Problem;
            return opened.IsOk ? ProviderPages.GoOn(context, under.Next) : ProviderPages.Refused(
                context, opened.Problem.Kind == ProblemKind.Unauthenticated ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden, opened.Problem.Detail, under.Tenant);
        }
        catch (Exception e) when (IsOfProvider(e, context))
        {
            return Away(provider, e, context);
        }
    }

    /// <summary>With or without a slash at the end: people write it either way.</summary>
    private static bool IsOf(ProviderRow provider, string? issuer) => issuer?.TrimEnd('/') == provider.Issuer.TrimEnd('/');

    private static bool IsOfProvider(Exception e, HttpContext context) =>
        e is HttpRequestException or IOException or InvalidOperationException or ArgumentException || (e is OperationCanceledException && !context.RequestAborted.IsCancellationRequested);

    private IResult Away(ProviderRow provider, Exception e, HttpContext context)
    {
        LogAway(provider.Issuer, e.GetBaseException().Message);
        return ProviderPages.Refused(context, StatusCodes.Status503ServiceUnavailable, $"The provider '{provider.Label}' does not answer just now. Try again in a while, or tell your administrator.", provider.TenantId);
    }

    /// <summary>Lax: the provider's page leads here from elsewhere.</summary>
    private static void Remember(HttpContext context, string ticket, TimeSpan lifetime) => context.Response.Cookies.Append(CookieName, ticket, new CookieOptions
    {
        HttpOnly = true, Secure = context.Request.IsHttps, SameSite = SameSiteMode.Lax, Path = "/login/provider", MaxAge = lifetime, IsEssential = true,
    });

    private static string Random() => Base64UrlTextEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    [LoggerMessage(5221, LogLevel.Warning, "The OpenID Connect provider {Issuer} cannot be used: {Reason}")]
    private partial void LogAway(string issuer, string reason);

    private sealed record UnderWay(string Tenant, string Issuer, string State, string Nonce, string Verifier, string Next, LinkTicket? Link = null);
}
