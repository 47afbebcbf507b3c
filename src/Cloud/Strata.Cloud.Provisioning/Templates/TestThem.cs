using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary><c>POST /api/v1/templates/test</c>: which template a device would have, why not the others, and what would come out. Changes nothing.</summary>
internal static class TestThem
{
    public static async Task<IResult> HandleAsync(HttpContext context, ProvisioningStore store, CertificateDirectory certificates, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.TestTemplates, cancellationToken, ApplyTemplates.MaxBytes);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var access = context.Access();
        if (!access.IsWhole(Permission.DevicesProvision))
            return ProblemResults.Of(TemplateRoutes.WholeOnly);
        var templates = Outcome(request.Value, store, access.Tenant);
        if (!templates.IsOk)
            return ProblemResults.Of(templates.Problem);
        var device = Describe(request.Value, certificates, access.Tenant);
        return device.ToResult(d => Results.Json(Test(templates.Value, d), ContractsJson.Default.TemplateTest));
    }

    private static Outcome<IReadOnlyList<DeviceTemplate>> Outcome(TestTemplates request, ProvisioningStore store, TenantId tenant)
    {
        if (request.Templates is null)
            return store.Templates(tenant).Values.ToList();
        var read = TemplateFileReader.Read(DescriptionFile.NameOf(request.File, "templates.yaml"), request.Templates);
        return read.IsOk ? read.Value.Templates.ToList() : read.Problem;
    }

    private static Outcome<ArrivingDevice> Describe(TestTemplates request, CertificateDirectory certificates, TenantId tenant)
    {
        var device = new ArrivingDevice { Method = ArrivalMethod.Operator };
        if (request.Certificate is { } pem)
        {
            try
            {
                using var certificate = X509Certificate2.CreateFromPem(pem);
                // Nothing of other tenants' authorities is told.
                var authority = certificates.Check(certificate) is { Issuer.Length: > 0 } verdict && verdict.Tenant == tenant ? certificates.Find(verdict.Issuer) : null;
                device = CertificateArrival.Read(certificate, authority);
            }
            catch (CryptographicException)
            {
                return new Problem(ProblemKind.Invalid, "'certificate' is no certificate in PEM (-----BEGIN CERTIFICATE-----).", "certificate");
            }
        }
        return device with
        {
            Sku = request.Sku ?? device.Sku, Serial = request.Serial ?? device.Serial, Gateway = request.Gateway, Enrolment = request.Enrolment, Registration = request.Registration ?? device.Serial,
        };
    }

    private static TemplateTest Test(IReadOnlyList<DeviceTemplate> templates, ArrivingDevice device)
    {
        var verdict = TemplateMatcher.Match(templates, device);
        var assigned = verdict.Chosen is null ? default(Outcome<AssignedDevice>?) : TemplateMatcher.Assign(verdict.Chosen, device);
        return new TemplateTest(
            new TestedDevice(device.Sku, device.Serial, device.Issuer, device.IssuerName, device.Subject, device.Gateway, device.Enrolment, device.Registration),
            [.. verdict.Opinions.Select(o => new TestedTemplate(o.Template.Name, o.Template.Order, o.Matches, o.WhyNot))], verdict.Chosen?.Name,
            verdict.Problem?.Detail ?? assigned?.Problem?.Detail, assigned is { IsOk: true } made ? TemplateContent.Info(made.Value) : null);
    }
}
