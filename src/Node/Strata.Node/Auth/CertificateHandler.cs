using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Node.Auth;

/// <summary>A device by the operational certificate of its TLS connection. A birth certificate lets nobody in here; who enrols with one is asked by the endpoint.</summary>
internal sealed class CertificateHandler(
    CertificateDirectory certificates, DeviceDirectory devices, TenantDirectory tenants, IRejectionLog rejections, IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger, UrlEncoder encoder)
    : ProblemAuthenticationHandler(options, logger, encoder)
{
    protected override string ChallengeText => "Basic realm=\"strata\", charset=\"UTF-8\"";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Check());

    private AuthenticateResult Check()
    {
        if (Context.Connection.ClientCertificate is not { } shown)
            return AuthenticateResult.NoResult();
        var verdict = certificates.Check(shown);
        if (!verdict.IsAccepted)
            return tenants.Exists(verdict.Name.Tenant) ? Refuse(verdict.Name.Tenant, verdict.Name.Device.Value, verdict.Reason) : Refuse(tenants.Default, "", verdict.Reason);
        Context.Features.Set<CertificateFeature>(new CertificateFeature(verdict));
        if (verdict.Name.Use != CertificateUse.Operational)
            return AuthenticateResult.NoResult();
        var (tenant, device) = (verdict.Name.Tenant, verdict.Name.Device);
        if (!tenants.IsActive(tenant) || !devices.TryGet(tenant, device, out var entry))
            return Refuse(tenant, device.Value, CredentialCheck.Unknown.Reason("device"));
        if (!entry.Enabled)
            return Refuse(tenant, device.Value, CredentialCheck.Disabled.Reason("device"));
        var principal = Principal.Of(tenant, device);
        Context.Features.Set(principal);
        return AuthenticateResult.Success(new AuthenticationTicket(StrataIdentity.Of(principal, Scheme.Name), Scheme.Name));
    }

    private AuthenticateResult Refuse(TenantId tenant, string subject, string reason)
    {
        rejections.Record(tenant, RejectionKind.Authentication, subject, reason);
        return AuthenticateResult.Fail(reason);
    }
}

/// <summary>The good certificate of a request's connection.</summary>
public sealed record CertificateFeature(CertificateVerdict Verdict);
