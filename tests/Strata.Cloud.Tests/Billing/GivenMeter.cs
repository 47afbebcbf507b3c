using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Billing.Statements;
using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Billing;

/// <summary>Hours of use as a test gives them, in place of the meter's.</summary>
public sealed class GivenMeter
{
    private readonly List<UsageHour> hours = [];

    internal void Register(WebApplicationBuilder builder) => builder.Services.AddSingleton<UsageReader>((tenant, from, to, _) =>
    {
        lock (hours)
            return ValueTask.FromResult<IReadOnlyList<UsageHour>>([.. hours.Where(h => h.Tenant == tenant && h.Hour >= from && h.Hour < to)]);
    });

    public void Add(IEnumerable<UsageHour> used)
    {
        lock (hours)
            hours.AddRange(used);
    }

    public void Forget(TenantId tenant)
    {
        lock (hours)
            hours.RemoveAll(h => h.Tenant == tenant);
    }
}
