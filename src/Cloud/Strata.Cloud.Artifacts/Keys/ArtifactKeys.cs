using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Artifacts.Keys;

/// <summary><c>/api/v1/artifact-keys</c> and <c>/api/v1/artifact-policy</c>: public keys only; private ones stay at the operator.</summary>
internal static class ArtifactKeys
{
    public static IResult List(HttpContext context, ArtifactsStore store) =>
        Results.Json(new Page<ArtifactKeyInfo>([.. store.Shelf(context.Tenant()).Keys.Values.Select(ToInfo)], null), ContractsJson.Default.PageArtifactKeyInfo);

    public static async Task<IResult> SaveAsync(string id, HttpContext context, ArtifactsStore store, ArtifactsOptions options, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (!context.Access().IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(ArtifactRoutes.WholeOnly);
        var body = await context.Request.ReadJsonAsync(ContractsJson.Default.SaveArtifactKey, cancellationToken);
        if (!body.IsOk)
            return ProblemResults.Of(body.Problem);
        var key = Check(id, body.Value);
        if (!key.IsOk)
            return ProblemResults.Of(key.Problem);
        var outcome = await store.ChangeAsync<ArtifactKeyRow>(
            caller, async (tables, now, stop) =>
            {
                var there = await tables.Keys.AsNoTracking().FirstOrDefaultAsync(k => k.Id == id, stop);
                if (there is not null && (there.Algorithm != key.Value.Algorithm || !there.PublicKey.AsSpan().SequenceEqual(key.Value.PublicKey)))
                    return new Problem(ProblemKind.Conflict, $"'{id}' is another key; give this one another name. What the old one signed names it.", "id");
                if (there is null && await tables.Keys.CountAsync(stop) >= options.MaxKeys)
                    return new Problem(ProblemKind.TooMuch, $"A tenant has at most {options.MaxKeys} keys; delete one first.");
                var row = new ArtifactKeyRow
                {
                    TenantId = caller.Tenant.Value, Id = id, Algorithm = key.Value.Algorithm, PublicKey = key.Value.PublicKey, NotBefore = key.Value.NotBefore, NotAfter = key.Value.NotAfter, Added = there?.Added ?? now,
                    AddedBy = there?.AddedBy ?? caller.Actor,
                };
                return there is not null && there.NotBefore == row.NotBefore && there.NotAfter == row.NotAfter
                    ? DecidedChange.None(there)
                    : new DecidedChange<ArtifactKeyRow>(row, [(there, row)], there is null ? "create" : "change", "artifact-key", id, there is null ? null : new { there.NotBefore, there.NotAfter }, new { row.Algorithm, row.NotBefore, row.NotAfter });
            },
            cancellationToken, row => store.Follow(caller.Tenant, s => s with { Keys = s.Keys.SetItem(row.Id, row) }));
        return outcome.ToResult(row => Results.Json(ToInfo(row), ContractsJson.Default.ArtifactKeyInfo));
    }

    public static async Task<IResult> DeleteAsync(string id, HttpContext context, ArtifactsStore store, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (!context.Access().IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(ArtifactRoutes.WholeOnly);
        var outcome = await store.ChangeAsync<ArtifactKeyRow>(
            caller, async (tables, now, stop) =>
            {
                var keys = await tables.Keys.AsNoTracking().ToListAsync(stop);
                if (keys.FirstOrDefault(k => k.Id == id) is not { } row)
                    return new Problem(ProblemKind.NotFound, $"There is no key '{id}'.", "id");
                var threshold = (await tables.Policies.AsNoTracking().FirstOrDefaultAsync(stop))?.Threshold ?? 1;
                var left = keys.Count(k => k.Id != id && !HasEnded(k, now));
                return left < threshold && !HasEnded(row, now)
                    ? new Problem(ProblemKind.Conflict, $"{threshold} must have signed a manifest, and without '{id}' {left} would be left that can; add another key first.", "id")
                    : new DecidedChange<ArtifactKeyRow>(row, [(row, null)], "delete", "artifact-key", row.Id, new { row.Algorithm }, null);
            },
            cancellationToken, row => store.Follow(caller.Tenant, s => s with { Keys = s.Keys.Remove(row.Id) }));
        return outcome.ToResult(_ => Results.NoContent());
    }

    public static IResult GetPolicy(HttpContext context, ArtifactsStore store) => Results.Json(new ArtifactPolicy(store.Shelf(context.Tenant()).Threshold), ContractsJson.Default.ArtifactPolicy);

    public static async Task<IResult> SavePolicyAsync(HttpContext context, ArtifactsStore store, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (!context.Access().IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(ArtifactRoutes.WholeOnly);
        var body = await context.Request.ReadJsonAsync(ContractsJson.Default.ArtifactPolicy, cancellationToken);
        if (!body.IsOk)
            return ProblemResults.Of(body.Problem);
        var threshold = body.Value.Threshold;
        if (threshold is not (1 or 2))
            return ProblemResults.Of(ProblemKind.Invalid, "'threshold' is 1 or 2: how many different keys must have signed.", "threshold");
        var outcome = await store.ChangeAsync<ArtifactPolicyRow>(
            caller, async (tables, _, stop) =>
            {
                var there = await tables.Policies.AsNoTracking().FirstOrDefaultAsync(stop);
                if (threshold > 1 && await tables.Keys.CountAsync(stop) < threshold)
                    return new Problem(ProblemKind.Conflict, $"{threshold} signatures are asked for, and there are not that many keys; add keys first.", "threshold");
                var row = new ArtifactPolicyRow { TenantId = caller.Tenant.Value, Threshold = threshold };
                return (there?.Threshold ?? 1) == threshold
                    ? DecidedChange.None(row)
                    : new DecidedChange<ArtifactPolicyRow>(row, [(there, row)], "change", "artifact-policy", "threshold", there?.Threshold ?? 1, threshold);
            },
            cancellationToken, row => store.Follow(caller.Tenant, s => s with { Threshold = row.Threshold }));
        return outcome.ToResult(row => Results.Json(new ArtifactPolicy(row.Threshold), ContractsJson.Default.ArtifactPolicy));
    }

    private static bool HasEnded(ArtifactKeyRow key, DateTimeOffset now) => key.NotAfter < now;

    private static Outcome<TrustedKey> Check(string id, SaveArtifactKey request)
    {
        if (!ManifestLimits.IsKeyId(id))
            return new Problem(ProblemKind.Invalid, "A key's name is 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit.", "id");
        var bytes = new byte[1024];
        if (request.PublicKey is null || request.PublicKey.Length > 1024 || !Convert.TryFromBase64String(request.PublicKey, bytes, out var length) || !SignatureAlgorithms.IsKey(request.Algorithm, bytes[..length]))
            return new Problem(ProblemKind.Invalid, $"'publicKey' is no public key of '{request.Algorithm}'; use 'ecdsa-p256' with a SubjectPublicKeyInfo, or 'ed25519' with 32 bytes, in base64.", "publicKey");
        if (request.NotBefore >= request.NotAfter)
            return new Problem(ProblemKind.Invalid, "'notAfter' is not later than 'notBefore'.", "notAfter");
        return new TrustedKey(id, request.Algorithm, bytes[..length], request.NotBefore?.ToUniversalTime(), request.NotAfter?.ToUniversalTime());
    }

    private static ArtifactKeyInfo ToInfo(ArtifactKeyRow row) => new(row.Id, row.Algorithm, Convert.ToBase64String(row.PublicKey), row.NotBefore, row.NotAfter, row.Added, row.AddedBy);
}
