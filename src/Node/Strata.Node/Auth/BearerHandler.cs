using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary><c>Authorization: Bearer TOKEN</c> by the <see cref="ITokenStore"/>, or that of a page (<see cref="SessionTokens"/>).</summary>
internal sealed class BearerHandler(
    ITokenStore tokens, SessionTokens sessions, TenantDirectory tenants, IRejectionLog rejections, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : ProblemAuthenticationHandler(options, logger, encoder)
{
    protected override string ChallengeText => "Bearer";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Check());

    private AuthenticateResult Check()
    {
        if (Credentials(StrataIdentity.BearerScheme) is not { Length: > 0 } token)
            return AuthenticateResult.NoResult();
        if (token.Length <= DeviceSecrets.MaxLength && (sessions.Find(token, out var reader) ?? tokens.Find(token)) is { } principal)
        {
            if (reader is not null)
                Context.Connection.RemoteIpAddress = reader; // A page of this node: it is asked on behalf of its reader.
            Context.Features.Set(principal);
            return AuthenticateResult.Success(new AuthenticationTicket(StrataIdentity.Of(principal, Scheme.Name), Scheme.Name));
        }
        rejections.Record(tenants.Default, RejectionKind.Authentication, "", "unknown token");
        return AuthenticateResult.Fail("The token is not known.");
    }
}
