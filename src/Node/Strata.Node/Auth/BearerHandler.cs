using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary><c>Authorization: Bearer TOKEN</c> by the <see cref="ITokenStore"/>.</summary>
internal sealed class BearerHandler(
    ITokenStore tokens, IRejectionLog rejections, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : ProblemAuthenticationHandler(options, logger, encoder)
{
    protected override string ChallengeText => "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Credentials(StrataIdentity.BearerScheme) is not { Length: > 0 } token)
            return AuthenticateResult.NoResult();
        var identity = token.Length <= DeviceSecrets.MaxLength ? await tokens.FindAsync(token, Context.RequestAborted) : null;
        if (identity is not null)
            return AuthenticateResult.Success(new AuthenticationTicket(StrataIdentity.Of(identity, Scheme.Name), Scheme.Name));
        rejections.Record(TenantId.Main, RejectionKind.Authentication, "", "unknown token");
        return AuthenticateResult.Fail("The token is not known.");
    }
}
