using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary><c>POST /api/v1/templates</c>: makes and changes templates as a file says, all or nothing.</summary>
internal static class ApplyTemplates
{
    public const int MaxBytes = 1024 * 1024;

    public static async Task<IResult> HandleAsync(
        bool? dryRun, bool? prune, string? file, HttpContext context, ProvisioningStore store, ProvisioningOptions options, AccessMap accesses, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var text = await context.Request.ReadTextAsync(MaxBytes, cancellationToken);
        if (!text.IsOk)
            return ProblemResults.Of(text.Problem, text.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var read = TemplateFileReader.Read(DescriptionFile.NameOf(file, "templates.yaml"), text.Value);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem);
        var chosen = DescriptionFile.AccessTo(read.Value.Tenant, context.Access(), accesses, tenants);
        if (!chosen.IsOk)
            return ProblemResults.Of(chosen.Problem);
        var access = chosen.Value;
        if (!access.IsWhole(Permission.DevicesProvision))
            return ProblemResults.Of(TemplateRoutes.WholeOnly);
        var caller = Caller.Of(context) with { Tenant = access.Tenant };
        var outcome = await store.ChangeAsync<Applied>(
            caller, async (tables, now, stop) => await DecideAsync(tables, caller, read.Value.Templates, dryRun ?? false, prune ?? false, options.MaxTemplates, now, stop), cancellationToken,
            applied => store.Follow(caller.Tenant, applied.Rows));
        return outcome.ToResult(a => Results.Json(new AppliedTemplates(dryRun ?? false, a.Changes), ContractsJson.Default.AppliedTemplates));
    }

    private static async Task<Outcome<DecidedChange<Applied>>> DecideAsync(
        ProvisioningDbContext tables, Caller caller, IReadOnlyList<DeviceTemplate> wanted, bool dryRun, bool prune, int most, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var there = await tables.Templates.AsNoTracking().ToDictionaryAsync(t => t.Name, StringComparer.Ordinal, cancellationToken);
        var rows = new List<(TemplateRow? Before, TemplateRow? After)>();
        foreach (var row in wanted.Select(t => TemplateContent.Row(caller.Tenant.Value, t, now)))
        {
            var before = there.GetValueOrDefault(row.Name);
            if (before?.Content != row.Content)
                rows.Add((before, row));
        }
        if (prune)
            rows.AddRange(there.Values.Where(t => wanted.All(w => w.Name != t.Name)).Select(t => ((TemplateRow?)t, (TemplateRow?)null)));
        if (there.Count + rows.Count(r => r.Before is null) - rows.Count(r => r.After is null) > most)
            return new Problem(ProblemKind.TooMuch, $"A tenant has at most {most} templates.");
        var applied = new Applied(rows, [.. rows.Select(r => new TemplateChange(r.Before is null ? "+" : r.After is null ? "-" : "~", (r.After ?? r.Before)!.Name))]);
        return dryRun || rows.Count == 0
            ? DecidedChange.None(applied)
            : new DecidedChange<Applied>(
                applied, [.. rows.Select(r => ((object?)r.Before, (object?)r.After))], "apply", "template", rows.Count == 1 ? applied.Changes[0].Name : $"{rows.Count} templates",
                rows.Where(r => r.Before is not null).Select(r => r.Before!.Content).Take(20), rows.Where(r => r.After is not null).Select(r => r.After!.Content).Take(20));
    }

    internal sealed record Applied(IReadOnlyList<(TemplateRow? Before, TemplateRow? After)> Rows, IReadOnlyList<TemplateChange> Changes);
}

/// <summary><c>DELETE /api/v1/templates/{name}</c>.</summary>
internal static class DeleteTemplate
{
    public static async Task<IResult> HandleAsync(string name, HttpContext context, ProvisioningStore store, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.DevicesProvision))
            return ProblemResults.Of(TemplateRoutes.WholeOnly);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync<TemplateRow>(
            caller, async (tables, _, stop) => await tables.Templates.AsNoTracking().FirstOrDefaultAsync(t => t.Name == name, stop) is { } row
                ? new DecidedChange<TemplateRow>(row, [(row, null)], "remove", "template", row.Name, row.Content, null)
                : new Problem(ProblemKind.NotFound, $"There is no template '{(name.Length > 64 ? name[..64] + "..." : name)}'.", "name"),
            cancellationToken, row => store.Follow(caller.Tenant, [(row, null)]));
        return outcome.ToResult(_ => Results.NoContent());
    }
}
