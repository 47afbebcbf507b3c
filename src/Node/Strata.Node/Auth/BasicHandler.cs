using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Ingest;

namespace Strata.Node.Auth;

/// <summary><c>Authorization: Basic</c> with a device's or gateway's <see cref="LoginName"/> and secret. One id may name both: the secret decides.</summary>
internal sealed class BasicHandler(
    DeviceDirectory devices, GatewayDirectory gateways, CertificateDirectory certificates, TenantDirectory tenants, IRejectionLog rejections, IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger, UrlEncoder encoder)
    : ProblemAuthenticationHandler(options, logger, encoder)
{
    private bool isTooEarly;

    protected override string ChallengeText => "Basic realm=\"strata\", charset=\"UTF-8\"";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Check());

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (!isTooEarly)
            return base.HandleChallengeAsync(properties);
        Response.Headers.RetryAfter = "1";
        return ProblemResults.Of(ProblemKind.Unavailable, TelemetryMqttHost.NotToldYet).ExecuteAsync(Context);
    }

    private AuthenticateResult Check()
    {
        if (Credentials(StrataIdentity.BasicScheme) is not { Length: > 0 } credentials)
            return AuthenticateResult.NoResult();
        if (!TryDecode(credentials, out var name, out var secret))
            return Refuse(tenants.Default, "", "malformed Basic credentials");
        var login = LoginName.Of(name, tenants.Default);
        var check = CredentialPair.Check(login, secret, devices, gateways, certificates, out var device, out var gateway);
        if (check.Result == CredentialCheck.Unknown && devices.IsExpected(login.Tenant))
        {
            isTooEarly = true;
            return AuthenticateResult.Fail(TelemetryMqttHost.NotToldYet);
        }
        if (check.Result == CredentialCheck.Accepted && !tenants.IsActive(login.Tenant))
            return Refuse(login.Tenant, login.Name, "the tenant is disabled");
        if (check.Result != CredentialCheck.Accepted)
            return Refuse(login.LogOf(tenants), login.Name, check.Reason);
        return Accept(gateway is not null ? Principal.Of(gateway.Tenant, gateway.Gateway, gateway.Site) : Principal.Of(device!.Tenant, device.Device));
    }

    private AuthenticateResult Accept(Principal principal)
    {
        Context.Features.Set(principal);
        return AuthenticateResult.Success(new AuthenticationTicket(StrataIdentity.Of(principal, Scheme.Name), Scheme.Name));
    }

    private AuthenticateResult Refuse(TenantId tenant, string subject, string reason)
    {
        rejections.Record(tenant, RejectionKind.Authentication, subject, reason);
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
