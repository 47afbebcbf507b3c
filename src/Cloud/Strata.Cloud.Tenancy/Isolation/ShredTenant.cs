using Microsoft.AspNetCore.Http;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Tenants;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Isolation;

/// <summary>
/// <c>DELETE /api/v1/tenants/{id}?shred=true</c>: a tenant with everything it has. First nobody of it is let in; then its rows go with its keys in one transaction; then the installation's
/// key is rotated and the old one destroyed, so that what copies of the database hold cannot be opened. Interrupted, it is asked for again. <c>?purge=true</c> does the same to a disabled tenant that has no key of its
/// own, which then stays readable in copies: for one that was moved to another installation.
/// </summary>
internal sealed class ShredTenant(IRegistryDatabase database, TenancyStore store, PeopleStore people, TenantPlacements placements, DataKeys keys, TenantRows rows, TenantMoves moves, AuditTrail trail, IEnumerable<ITenantContents> slices)
{
    /// <summary>In <see cref="TenantPlacementRow.Detail"/> of a tenant of which nothing is here any more: it may come back by an import.</summary>
    public const string Removed = "removed";

    public async Task<IResult> HandleAsync(string id, bool purge, Caller caller, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(id, out var tenant) || store.Find(tenant) is not { } image)
            return ProblemResults.Of(ListTenants.Unknown(id));
        if (tenant == tenants.Default)
            return ProblemResults.Of(ProblemKind.Conflict, "The installation's first tenant stays.", "id");
        var placement = placements.Of(tenant);
        if (placement.IsChanging)
            return ProblemResults.Of(ProblemKind.Conflict, $"The tenant is changing to {placement.Target.Name()}; wait until it is done.", "id");
        if (purge && image.Tenant.State == TenantState.Active)
            return ProblemResults.Of(ProblemKind.Conflict, $"'{id}' is being served; a tenant is removed with everything it has when it is disabled: 'strata tenants disable {id}'.", "id");
        if (!purge && !IsolationPlan.HasKey(placement.Level))
            return ProblemResults.Of(ProblemKind.Conflict, $"'{id}' is logical and has no key that could be shredded; 'strata tenants move {id} --to encrypted' gives it one.", "id");
        if (image.Tenant.State != TenantState.Deleted)
        {
            var gone = await store.ChangeAsync<TenantRow>(caller with { Tenant = tenant }, (now, _) => DeleteTenant.Decide(now!, purge ? "purge" : "shred"), CancellationToken.None);
            if (!gone.IsOk)
                return ProblemResults.Of(gone.Problem);
        }
        try
        {
            // Once begun it is carried through, whether the caller waits or not.
            await trail.SealAsync(tenant, CancellationToken.None); // So that the sealer has nothing to write any more.
            await rows.RemoveAsync(tenant, CancellationToken.None);
            foreach (var slice in slices)
                await slice.ForgetAsync(tenant, CancellationToken.None);
            await database.ScrubAsync(tenant, CancellationToken.None);
            if (IsolationPlan.HasKey(placement.Level))
                await keys.ShredAsync(tenant, [.. store.All.Select(i => TenantId.Parse(i.Tenant.TenantId))], CancellationToken.None);
            if (placement.IsApart)
                await placements.MarkDeletedAsync(tenant, CancellationToken.None);
            await moves.RemoveAsync(tenant, CancellationToken.None);
            await people.LoadAgainAsync(CancellationToken.None);
            await placements.SaveAsync(placement with { IsApart = false, Level = IsolationLevel.Logical, Target = IsolationLevel.Logical, Detail = purge ? Removed : "shredded" }, CancellationToken.None);
        }
        catch (InstallationKeyException failure)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, $"The tenant's rows and keys are gone here, but the installation's key could not be rotated: ask for it again. {failure.Message}");
        }
        var main = tenants.Default;
        await store.ChangeAsync<bool>(
            caller with { Tenant = main }, (now, _) => new TenancyChange<bool>(true, now!, [], purge ? "purge" : "shred", "tenant", tenant.Value, new { image.Tenant.Name }, null), CancellationToken.None);
        return Results.NoContent();
    }
}
