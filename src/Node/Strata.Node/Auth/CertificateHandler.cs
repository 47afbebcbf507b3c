using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Node.Auth;

/// <summary>A device by the operational certificate of its TLS connection. Nobody is let in by one that may only enrol; who enrols with one is asked by the endpoint.</summary>
internal sealed class CertificateHandler(
    CertificateDirectory certificates, CertificateEntrance entrance, TenantDirectory tenants, IRejectionLog rejections, IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger, UrlEncoder encoder)
    : ProblemAuthenticationHandler(options, logger, encoder)
{
    protected override string ChallengeText => "Basic realm=\"strata\", charset=\"UTF-8\"";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Context.Connection.ClientCertificate is not { } shown)
            return AuthenticateResult.NoResult();
        var verdict = certificates.Check(shown);
        if (!verdict.IsAccepted)
            return tenants.Exists(verdict.Tenant) ? Refuse(verdict.Tenant, verdict.Subject, verdict.Reason) : Refuse(tenants.Default, "", verdict.Reason);
        Context.Features.Set<CertificateFeature>(new CertificateFeature(verdict));
        if (verdict.Use != CertificateUse.Operational)
            return AuthenticateResult.NoResult();
        var entered = await entrance.EnterAsync(verdict, shown, Context.Connection.RemoteIpAddress, Context.RequestAborted);
        if (!entered.IsOk)
            return Refuse(verdict.Tenant, verdict.Subject, entered.Problem.Detail);
        var principal = Principal.Of(verdict.Tenant, entered.Value.Device);
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
