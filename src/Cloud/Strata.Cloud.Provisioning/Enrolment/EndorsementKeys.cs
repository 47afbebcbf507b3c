using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>The routes of endorsement keys: which TPMs a group lets in.</summary>
internal static class EndorsementKeys
{
    private const int MaxAtOnce = 1_000;
    private const int MaxKeyLength = 2_048;

    public static async Task<IResult> ListAsync(string name, HttpContext context, ProvisioningStore store, string? cursor, string? limit, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        if (!context.Access().IsWhole(Permission.DevicesProvision))
            return ProblemResults.Of(EnrolmentGroups.WholeOnly);
        await using var tables = store.Create(context.Tenant());
        if (!await tables.EnrolmentGroups.AnyAsync(g => g.Name == name && g.Method == EnrolmentGroups.ByTpm, cancellationToken))
            return ProblemResults.Of(Unknown(name));
        var after = page.Value.After ?? "";
        var rows = await tables.EndorsementKeys.AsNoTracking().Where(k => k.Group == name && string.Compare(k.Registration, after) > 0)
            .OrderBy(k => k.Registration).Take(page.Value.Limit + 1).Select(k => new EndorsementKeyInfo(k.Registration, k.KeyHash, k.Added)).ToListAsync(cancellationToken);
        return Results.Json(Paging.ToPage(rows, page.Value.Limit, static k => k.Registration), ContractsJson.Default.PageEndorsementKeyInfo);
    }

    public static async Task<IResult> AddAsync(string name, HttpContext context, ProvisioningStore store, ProvisioningOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.AddEndorsementKeys, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(EnrolmentGroups.WholeOnly);
        var caller = Caller.Of(context);
        var read = Read(request.Value, caller.Tenant, name);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem);
        var outcome = await store.ChangeAsync<bool>(caller, async (tables, now, stop) =>
        {
            if (!await tables.EnrolmentGroups.AnyAsync(g => g.Name == name && g.Method == EnrolmentGroups.ByTpm, stop))
                return Unknown(name);
            var (hashes, names) = (read.Value.Select(k => k.KeyHash).ToList(), read.Value.Select(k => k.Registration).ToList());
            if (await tables.EndorsementKeys.AsNoTracking().FirstOrDefaultAsync(k => hashes.Contains(k.KeyHash) || (k.Group == name && names.Contains(k.Registration)), stop) is { } taken)
                return new Problem(ProblemKind.Conflict, $"{taken.Registration} of the group '{taken.Group}' has this key or this name already; remove it first.", "items");
            if (await tables.EndorsementKeys.CountAsync(stop) + read.Value.Count > options.MaxEndorsementKeys)
                return new Problem(ProblemKind.TooMuch, $"A tenant has at most {options.MaxEndorsementKeys:N0} endorsement keys.");
            return new DecidedChange<bool>(
                true, [.. read.Value.Select(k => ((object?)null, (object?)(k with { Added = now })))], "add", "endorsement-keys", name, null,
                new { keys = read.Value.Count, registrations = names.Take(20), digest = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', hashes)))) });
        }, cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    public static async Task<IResult> RemoveAsync(string name, string registration, HttpContext context, ProvisioningStore store, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(EnrolmentGroups.WholeOnly);
        var outcome = await store.ChangeAsync<bool>(
            Caller.Of(context), async (tables, _, stop) => await tables.EndorsementKeys.AsNoTracking().FirstOrDefaultAsync(k => k.Group == name && k.Registration == registration, stop) is { } row
                ? new DecidedChange<bool>(true, [(row, null)], "remove", "endorsement-key", row.Registration, new { row.Group, row.KeyHash }, null)
                : new Problem(ProblemKind.NotFound, $"The group '{EnrolmentGroups.Short(name)}' knows no '{EnrolmentGroups.Short(registration)}'.", "registration"), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    /// <summary>SubjectPublicKeyInfo of a PEM or base64; empty when it is neither.</summary>
    public static byte[] ReadKey(string? text) => PemText.Decode(text, MaxKeyLength) ?? [];

    private static Outcome<List<EndorsementKeyRow>> Read(AddEndorsementKeys request, TenantId tenant, string group)
    {
        if (request.Items is not { Count: > 0 and <= MaxAtOnce })
            return new Problem(ProblemKind.Invalid, $"'items' has 1 to {MaxAtOnce:N0} keys.", "items");
        var rows = new List<EndorsementKeyRow>();
        foreach (var item in request.Items)
        {
            if (!DeviceId.TryParse(item?.Registration ?? "", out var registration))
                return new Problem(ProblemKind.Invalid, $"'{EnrolmentGroups.Short(item?.Registration ?? "")}' is no registration: a letter or digit, then letters, digits and . _ : -, at most {DeviceId.MaxLength}.", "items");
            var key = ReadKey(item!.Key);
            if (!TpmCredential.IsEndorsementKey(key))
                return new Problem(ProblemKind.Invalid, $"The key of {registration} is no endorsement key of RSA-2048 or ECC P-256 (a public key in PEM, as 'tpm2_createek -f pem' writes it).", "items");
            rows.Add(new EndorsementKeyRow { TenantId = tenant.Value, Group = group, Registration = registration.Value, Key = key, KeyHash = Convert.ToHexStringLower(SHA256.HashData(key)), Added = default });
        }
        return rows.DistinctBy(r => r.KeyHash).Count() == rows.Count && rows.DistinctBy(r => r.Registration, StringComparer.Ordinal).Count() == rows.Count
            ? rows : new Problem(ProblemKind.Invalid, "A key or a registration is there twice.", "items");
    }

    private static Problem Unknown(string name) => new(ProblemKind.NotFound, $"There is no enrolment group '{EnrolmentGroups.Short(name)}' by TPM.", "name");
}
