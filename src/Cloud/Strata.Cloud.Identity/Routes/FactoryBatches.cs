using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Identity.Routes;

/// <summary>The factory line: an authority for each batch, and birth certificates for the keys that it makes, many at a time.</summary>
internal static class FactoryBatches
{
    private const int MaxKeys = 1_000;
    private const int MaxBodyBytes = 1024 * 1024;
    private const int MaxName = 64;

    /// <summary><c>POST /api/v1/factory/batches</c>.</summary>
    public static async Task<IResult> CreateAsync(HttpContext context, IdentityStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateBatch, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (name, sku) = (request.Value.Name, request.Value.Sku);
        if (!DeviceId.TryParse(name, out _) || name.Length > MaxName)
            return ProblemResults.Of(ProblemKind.Invalid, $"A batch's name has 1 to {MaxName} letters, digits and . _ : -, and begins with a letter or digit.", "name");
        if (sku is not null && (sku.Length is 0 or > 200 || sku.Any(char.IsControl)))
            return ProblemResults.Of(ProblemKind.Invalid, "A SKU has 1 to 200 characters without control characters.", "sku");
        var made = await store.CreateAuthorityAsync(
            Caller.Of(context), AuthorityKinds.Batch, name, sku, all => all.Where(a => a.Kind == AuthorityKinds.Batch && a.Name == name), cancellationToken);
        if (made.IsOk && (!made.Value.IsTrusted || made.Value.Sku != sku))
            return ProblemResults.Of(ProblemKind.Conflict, made.Value.IsTrusted ? $"The batch '{name}' makes {made.Value.Sku ?? "nothing named"}; use another name for another batch." : $"The batch '{name}' was revoked; use another name.", "name");
        return made.ToResult(row => Results.Json(AuthorityRoutes.Info(row, time.GetUtcNow()), ContractsJson.Default.AuthorityInfo, statusCode: StatusCodes.Status201Created));
    }

    /// <summary><c>POST /api/v1/factory/batches/{batch}/certificates</c>: one transaction, one audit record.</summary>
    public static async Task<IResult> CertifyAsync(string batch, HttpContext context, IdentityStore store, IDeviceCertifier certifier, IdentityOptions options, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (!access.IsWhole(Permission.DevicesProvision))
            return ProblemResults.Of(Access.Forbidden);
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CertifyBatch, cancellationToken, MaxBodyBytes);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var keys = Check(request.Value.Items, certifier);
        if (!keys.IsOk)
            return ProblemResults.Of(keys.Problem);
        await using var tables = store.Create(access.Tenant);
        var authority = await tables.Authorities.FirstOrDefaultAsync(a => a.Kind == AuthorityKinds.Batch && a.Name == batch && a.IsTrusted, cancellationToken);
        if (authority is null || await store.FindAuthorityAsync(access.Tenant, authority.Id, cancellationToken) is not { } signer)
            return ProblemResults.Of(ProblemKind.NotFound, $"There is no batch '{CertificateRoutes.Short(batch)}'.", "batch");
        var outcome = await store.ChangeAsync<IReadOnlyList<BirthCertificate>>(Caller.Of(context), async (context, now, stop) =>
        {
            var serials = keys.Value.ConvertAll(k => k.Device.Value);
            var births = context.Certificates.Where(c => c.Use == nameof(CertificateUse.Birth) && c.NotAfter > now);
            var known = await births.Where(c => serials.Contains(c.Device) && c.Named == null).Select(c => c.Device).FirstOrDefaultAsync(stop)
                ?? await births.Where(c => serials.Contains(c.Named!)).Select(c => c.Named).FirstOrDefaultAsync(stop);
            if (known is not null)
                return new Problem(ProblemKind.Conflict, $"The serial number '{known}' has a birth certificate already; a serial number is one device's.", "items");
            var made = MintCertificates.Make(signer, access.Tenant, CertificateUse.Birth, keys.Value, options, now, CertificateTerms.Birth);
            return new DecidedChange<IReadOnlyList<BirthCertificate>>(
                made.ConvertAll(m => new BirthCertificate(m.Row.Device, m.Pem)), made.ConvertAll(m => ((object?)null, (object?)m.Row)), "issue", "batch", batch, null, MintCertificates.Summary(made));
        }, cancellationToken);
        return outcome.ToResult(items => Results.Json(new CertifiedBatch(items, MintCertificates.ChainOf(signer)), ContractsJson.Default.CertifiedBatch, statusCode: StatusCodes.Status201Created));
    }

    private static Outcome<List<KeyToCertify>> Check(IReadOnlyList<BatchKey>? items, IDeviceCertifier certifier)
    {
        if (items is null || items.Count is 0 or > MaxKeys)
            return new Problem(ProblemKind.Invalid, $"1 to {MaxKeys:N0} keys are certified in one request.", "items");
        var (keys, seen) = (new List<KeyToCertify>(items.Count), new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < items.Count; i++)
        {
            if (!DeviceId.TryParse(items[i]?.Serial, out var device))
                return new Problem(ProblemKind.Invalid, "A serial number is like a device's id: letters, digits and . _ : -, at most 128.", $"items[{i}].serial");
            if (!seen.Add(device.Value) || !seen.Add(items[i].Key))
                return new Problem(ProblemKind.Invalid, "A serial number and a key are one device's: this one is there twice.", $"items[{i}]");
            try
            {
                var key = Convert.FromBase64String(items[i].Key ?? "");
                if (certifier.Refuse(key) is { } wrong)
                    return new Problem(ProblemKind.Invalid, wrong, $"items[{i}].key");
                keys.Add(new KeyToCertify(device, key));
            }
            catch (FormatException)
            {
                return new Problem(ProblemKind.Invalid, "A key is a public key (SubjectPublicKeyInfo, DER) in base64.", $"items[{i}].key");
            }
        }
        return keys;
    }
}
