using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.People;

/// <summary>What this slice keeps of a tenant beside what goes with it: who signs in how.</summary>
internal sealed class PeopleContents(PeopleStore people) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public async ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken) => await people.LoadAgainAsync(cancellationToken);

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await people.LoadAgainAsync(cancellationToken);
}
