using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Status;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;

namespace Strata.Cloud.Identity.Routes;

/// <summary>The root's revocation list: the node says what must stand in it, the root signs it where its key is, the node serves it.</summary>
internal static class RootLists
{
    private const int MaxBytes = 64 * 1024;

    /// <summary><c>GET /api/v1/ca/root-list</c>.</summary>
    public static async Task<IResult> GetAsync(InstallationAuthority authority, CancellationToken cancellationToken) =>
        Results.Json(await ReadAsync(authority, cancellationToken), ContractsJson.Default.RootListInfo);

    /// <summary><c>PUT /api/v1/ca/root-list</c>.</summary>
    public static async Task<IResult> PutAsync(HttpContext context, InstallationAuthority authority, IdentityStore store, RevocationLists lists, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.PublishRootList, cancellationToken, 2 * MaxBytes);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var view = await authority.ViewAsync(cancellationToken);
        var before = await ReadAsync(authority, cancellationToken);
        var list = new byte[MaxBytes];
        if (!Convert.TryFromBase64String(request.Value.List ?? "", list, out var length) || length == 0)
            return ProblemResults.Of(ProblemKind.Invalid, $"'list' is a revocation list (DER) in base64, {MaxBytes:N0} bytes at most.", "list");
        Array.Resize(ref list, length);
        if (Refuse(list, view, before, time.GetUtcNow()) is { } wrong)
            return ProblemResults.Of(wrong);
        var noted = await store.NoteAsync(Caller.Of(context) with { Tenant = TenantId.Main }, "publish", "root-list", Convert.ToHexStringLower(SHA256.HashData(list)), cancellationToken);
        if (!noted.IsOk)
            return ProblemResults.Of(noted.Problem);
        await authority.PublishRootListAsync(list, cancellationToken);
        lists.Forget(before.Id);
        return Results.Json(await ReadAsync(authority, cancellationToken), ContractsJson.Default.RootListInfo);
    }

    private static Problem? Refuse(byte[] list, InstallationView view, RootListInfo wanted, DateTimeOffset now)
    {
        try
        {
            var read = new X509CrlParser().ReadCrl(list);
            read.Verify(new X509Certificate(view.Root.RawData).GetPublicKey());
            if (read.NextUpdate is not { } next || next.ToUniversalTime() <= now.UtcDateTime)
                return new Problem(ProblemKind.Invalid, "The list is over already; sign another one.", "list");
            var missing = wanted.Revoked.FirstOrDefault(r => read.GetRevokedCertificate(new Org.BouncyCastle.Math.BigInteger(1, Convert.FromHexString(r.Serial))) is null);
            return missing is null ? null : new Problem(ProblemKind.Conflict, $"The list does not have {missing.Serial}, which is revoked: sign what 'strata ca root-list request' says now.", "list");
        }
        catch (Exception e) when (e is GeneralSecurityException or IOException or ArgumentException or InvalidCastException)
        {
            return new Problem(ProblemKind.Invalid, $"It is no revocation list of this installation's root: {e.Message}", "list");
        }
    }

    private static async Task<RootListInfo> ReadAsync(InstallationAuthority authority, CancellationToken cancellationToken)
    {
        var view = await authority.ViewAsync(cancellationToken);
        var id = CertificateMaker.KeyIdOf(view.Root);
        var published = await authority.RootListAsync(cancellationToken) is { } list ? new X509CrlParser().ReadCrl(list) : null;
        return new RootListInfo(
            id, Convert.ToHexStringLower(view.Root.GetCertHash(HashAlgorithmName.SHA256)), [.. view.State.Retired.Where(r => r.Root == id).Select(r => new RevokedIntermediate(r.Serial, r.Since))],
            published?.ThisUpdate.ToUniversalTime(), published?.NextUpdate?.ToUniversalTime());
    }
}
