using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Strata.Core;

namespace Strata.Node.Auth;

/// <summary>What the two header schemes share: the credentials after the scheme's name, and problem details as the answer to a refusal.</summary>
internal abstract class ProblemAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The header's challenge, for <c>WWW-Authenticate</c>.</summary>
    protected abstract string ChallengeText { get; }

    /// <summary>What follows <c>{scheme} </c> in the Authorization header; null when it is another scheme's or absent.</summary>
    protected string? Credentials(string scheme)
    {
        var header = Request.Headers.Authorization.ToString();
        return header.Length > scheme.Length && header[scheme.Length] == ' ' && header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? header[(scheme.Length + 1)..].Trim()
            : null;
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers[HeaderNames.WWWAuthenticate] = ChallengeText;
        return AuthenticationProblems.Unauthenticated.ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => AuthenticationProblems.Forbidden.ExecuteAsync(Context);
}

/// <summary>The two answers, the same whatever the scheme; neither says what exists.</summary>
internal static class AuthenticationProblems
{
    public static IResult Unauthenticated => ProblemResults.Of(ProblemKind.Unauthenticated, "The credentials are missing, wrong or no longer valid.");

    public static IResult Forbidden => ProblemResults.Of(ProblemKind.Forbidden, "The caller is known but not allowed to do this.");
}
