using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Routes;

/// <summary><c>POST /api/v1/devices/{id}/certificates</c>: for devices that cannot ask themselves, and birth certificates.</summary>
internal static class IssueForDevice
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, IssueCertificate issue, DeviceDirectory devices, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        Problem NoDevice() => new(ProblemKind.NotFound, $"There is no device '{CertificateRoutes.Short(id)}'.", "id");
        if (CertificateRoutes.Check(access, id, NoDevice) is { } refusal)
            return ProblemResults.Of(refusal);
        if (!DeviceId.TryParse(id, out var device) || !devices.TryGet(access.Tenant, device, out _))
            return ProblemResults.Of(NoDevice());
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.IssueCertificateRequest, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (request.Value.Use is not (null or "operational" or "birth"))
            return ProblemResults.Of(ProblemKind.Invalid, "'use' is operational or birth.", "use");
        if (PemText.Decode(request.Value.Csr) is not { } csr)
            return ProblemResults.Of(ProblemKind.Invalid, "'csr' is a certificate signing request in PEM (-----BEGIN CERTIFICATE REQUEST-----).", "csr");
        var use = request.Value.Use == "birth" ? CertificateUse.Birth : CertificateUse.Operational;
        var issued = await issue.RunAsync(Caller.Of(context), new CertificateName(use, access.Tenant, device), csr, cancellationToken);
        return Answer(issued, time);
    }

    /// <summary><c>POST /api/v1/certificates/claims</c>.</summary>
    public static async Task<IResult> ClaimAsync(HttpContext context, IssueCertificate issue, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.IssueClaim, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!DeviceId.TryParse(request.Value.Name, out var name) || request.Value.Name.Length > 64)
            return ProblemResults.Of(ProblemKind.Invalid, "A claim's name has 1 to 64 letters, digits and . _ : -, and begins with a letter or digit.", "name");
        if (PemText.Decode(request.Value.Csr) is not { } csr)
            return ProblemResults.Of(ProblemKind.Invalid, "'csr' is a certificate signing request in PEM (-----BEGIN CERTIFICATE REQUEST-----).", "csr");
        return Answer(await issue.RunAsync(Caller.Of(context), new CertificateName(CertificateUse.Claim, context.Access().Tenant, name), csr, cancellationToken), time);
    }

    private static IResult Answer(Outcome<IssuedCertificate> issued, TimeProvider time) => issued.ToResult(i => Results.Json(
        new IssuedCertificateInfo(
            CertificateRoutes.Info(i.Row, time.GetUtcNow()), i.Certificate.ExportCertificatePem() + "\n", string.Concat(i.Chain.Select(c => c.ExportCertificatePem() + "\n"))),
        ContractsJson.Default.IssuedCertificateInfo, statusCode: StatusCodes.Status201Created));
}
