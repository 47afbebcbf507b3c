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

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>The routes of enrolment groups. They are the whole tenant's, as templates are.</summary>
internal static class EnrolmentGroups
{
    public const string ByKey = "key";
    public const string ByTpm = "tpm";

    public static async Task<IResult> ListAsync(HttpContext context, ProvisioningStore store, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.DevicesProvision))
            return ProblemResults.Of(WholeOnly);
        await using var tables = store.Create(context.Tenant());
        var rows = await tables.EnrolmentGroups.AsNoTracking().Where(g => g.Name != HookKeys.RowName).OrderBy(g => g.Name).ToListAsync(cancellationToken);
        return Results.Json(new Page<EnrolmentGroupInfo>([.. rows.Select(Info)], null), ContractsJson.Default.PageEnrolmentGroupInfo);
    }

    /// <summary>A new group, whose key is shown once, or what one that is there lets in.</summary>
    public static async Task<IResult> PutAsync(string name, HttpContext context, ProvisioningStore store, GroupKeys keys, ProvisioningOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.PutEnrolmentGroup, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(WholeOnly);
        var (method, allow, deny) = (request.Value.Method ?? ByKey, request.Value.Allow ?? [], request.Value.Deny ?? []);
        if (!DeviceId.TryParse(name, out _) || name.Length > DeviceTemplate.MaxNameLength)
            return ProblemResults.Of(ProblemKind.Invalid, $"A group's name is a letter or digit, then letters, digits and . _ : -, at most {DeviceTemplate.MaxNameLength}.", "name");
        if (method is not (ByKey or ByTpm))
            return ProblemResults.Of(ProblemKind.Invalid, "'method' is key or tpm.", "method");
        if (allow.Count > AdmissionLists.MaxPatterns || deny.Count > AdmissionLists.MaxPatterns || allow.Concat(deny).Any(p => p is not { Length: >= 1 and <= TextPattern.MaxLength } || p.Any(char.IsControl)))
            return ProblemResults.Of(ProblemKind.Invalid, $"Lists have at most {AdmissionLists.MaxPatterns:N0} patterns of 1 to {TextPattern.MaxLength} characters.", allow.Count > AdmissionLists.MaxPatterns ? "allow" : "deny");
        var caller = Caller.Of(context);
        var made = method == ByKey ? await keys.MakeAsync(caller.Tenant, name, cancellationToken) : default;
        var outcome = await store.ChangeAsync<(EnrolmentGroupRow Row, bool IsNew)>(caller, async (tables, now, stop) =>
        {
            var before = await tables.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == name, stop);
            if (before is not null && before.Method != method)
                return new Problem(ProblemKind.Conflict, $"The group '{name}' proves by {before.Method}; make another one.", "method");
            if (before is null && await tables.EnrolmentGroups.CountAsync(stop) > options.MaxGroups)
                return new Problem(ProblemKind.TooMuch, $"A tenant has at most {options.MaxGroups} enrolment groups.");
            var row = new EnrolmentGroupRow
            {
                TenantId = caller.Tenant.Value, Name = name, Method = method, IsEnabled = request.Value.Enabled ?? before?.IsEnabled ?? true, Allow = string.Join('\n', allow), Deny = string.Join('\n', deny),
                Key = before?.Key ?? made.Wrapped ?? [], WrappedBy = before?.WrappedBy ?? made.By ?? "", Changed = now,
            };
            return new DecidedChange<(EnrolmentGroupRow, bool)>((row, before is null), [(before, row)], before is null ? "create" : "change", "enrolment-group", name, Image(before), Image(row));
        }, cancellationToken);
        return outcome.ToResult(g => Answer(context, g.Row, g.IsNew && method == ByKey ? made.Key : null, g.IsNew));
    }

    /// <summary>A new key, shown once: with the old one nobody enrols any more.</summary>
    public static async Task<IResult> RenewKeyAsync(string name, HttpContext context, ProvisioningStore store, GroupKeys keys, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(WholeOnly);
        var caller = Caller.Of(context);
        var made = await keys.MakeAsync(caller.Tenant, Short(name), cancellationToken);
        var outcome = await store.ChangeAsync<EnrolmentGroupRow>(caller, async (tables, now, stop) =>
        {
            if (await tables.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == name && g.Method == ByKey, stop) is not { } before)
                return Unknown(name);
            var row = before with { Key = made.Wrapped, WrappedBy = made.By, Changed = now };
            return new DecidedChange<EnrolmentGroupRow>(row, [(before, row)], "renew-key", "enrolment-group", name, null, null);
        }, cancellationToken);
        return outcome.ToResult(row => Answer(context, row, made.Key, isNew: false));
    }

    public static async Task<IResult> DeleteAsync(string name, HttpContext context, ProvisioningStore store, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(WholeOnly);
        var outcome = await store.ChangeAsync<bool>(
            Caller.Of(context), async (tables, _, stop) => await tables.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == name && g.Name != HookKeys.RowName, stop) is { } row
                ? new DecidedChange<bool>(
                    true, [(row, null), .. (await tables.EndorsementKeys.AsNoTracking().Where(k => k.Group == name).ToListAsync(stop)).Select(k => ((object?)k, (object?)null))], "remove", "enrolment-group", row.Name, Image(row), null)
                : Unknown(name), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    /// <summary>A new key with which allocation hooks are signed, shown once.</summary>
    public static async Task<IResult> RenewHookKeyAsync(HttpContext context, HookKeys hooks, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(WholeOnly);
        var key = await hooks.RenewAsync(Caller.Of(context), replace: true, cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return key.ToResult(k => Results.Json(new HookKey(Convert.ToBase64String(k)), ContractsJson.Default.HookKey));
    }

    public static AdmissionLists Lists(EnrolmentGroupRow row) => new(Patterns(row.Allow), Patterns(row.Deny));

    internal static Problem WholeOnly => new(ProblemKind.Forbidden, "Enrolment groups are for who may do so in the whole tenant.");

    private static Problem Unknown(string name) => new(ProblemKind.NotFound, $"There is no enrolment group '{Short(name)}'.", "name");

    internal static string Short(string name) => name.Length > 64 ? name[..64] + "..." : name;

    private static System.Collections.Immutable.ImmutableArray<TextPattern> Patterns(string lines) => [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => new TextPattern(l))];

    private static IResult Answer(HttpContext context, EnrolmentGroupRow row, byte[]? key, bool isNew)
    {
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(new EnrolmentGroupSecret(Info(row), key is null ? null : Convert.ToBase64String(key)), ContractsJson.Default.EnrolmentGroupSecret, statusCode: isNew ? StatusCodes.Status201Created : null);
    }

    private static EnrolmentGroupInfo Info(EnrolmentGroupRow row) => new(row.Name, row.Method, row.IsEnabled, row.Allow.Split('\n', StringSplitOptions.RemoveEmptyEntries), row.Deny.Split('\n', StringSplitOptions.RemoveEmptyEntries), row.Changed);

    private static object? Image(EnrolmentGroupRow? row) => row is null ? null : new { row.Method, enabled = row.IsEnabled, allow = row.Allow.Split('\n').Take(20), deny = row.Deny.Split('\n').Take(20) };
}
