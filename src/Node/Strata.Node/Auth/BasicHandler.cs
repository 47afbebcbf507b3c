using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary><c>Authorization: Basic</c> with a device's or gateway's id and secret. One id may name both: the secret decides.</summary>
internal sealed class BasicHandler(
    DeviceDirectory devices, GatewayDirectory gateways, IRejectionLog rejections, IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger, UrlEncoder encoder)
    : ProblemAuthenticationHandler(options, logger, encoder)
{
    protected override string ChallengeText => "Basic realm=\"strata\", charset=\"UTF-8\"";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Check());

    private AuthenticateResult Check()
    {
        if (Credentials(StrataIdentity.BasicScheme) is not { Length: > 0 } credentials)
            return AuthenticateResult.NoResult();
        if (!TryDecode(credentials, out var name, out var secret))
            return Refuse("", "malformed Basic credentials");
        var gateway = CredentialCheck.Unknown;
        var device = CredentialCheck.Unknown;
        if (GatewayId.TryParse(name, out var gatewayId) && (gateway = gateways.Check(gatewayId, secret, out var gatewayEntry)) == CredentialCheck.Accepted)
            return Accept(StrataIdentity.Of(gatewayEntry!, Scheme.Name));
        if (DeviceId.TryParse(name, out var deviceId) && (device = devices.Check(deviceId, secret, out var deviceEntry)) == CredentialCheck.Accepted)
            return Accept(StrataIdentity.Of(deviceEntry!, Scheme.Name));
        return Refuse(name, gateway != CredentialCheck.Unknown ? gateway.Reason("gateway") : device.Reason("device"));
    }

    private AuthenticateResult Accept(System.Security.Claims.ClaimsPrincipal principal) =>
        AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name));

    private AuthenticateResult Refuse(string subject, string reason)
    {
        rejections.Record(TenantId.Main, RejectionKind.Authentication, subject, reason);
        return AuthenticateResult.Fail(reason);
    }

    private static bool TryDecode(string credentials, out string name, out byte[] secret)
    {
        (name, secret) = ("", []);
        var bytes = new byte[credentials.Length];
        if (credentials.Length > 4 * DeviceSecrets.MaxLength || !Convert.TryFromBase64String(credentials, bytes, out var length))
            return false;
        var colon = bytes.AsSpan(0, length).IndexOf((byte)':');
        if (colon < 0)
            return false;
        name = Encoding.UTF8.GetString(bytes, 0, colon);
        secret = bytes[(colon + 1)..length];
        return true;
    }
}
