using System.Text.Json;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core.Metering;
using Strata.Core.Tenancy;
using Strata.Node.Metering;

namespace Strata.Cloud.Tenancy.Quotas;

/// <summary>Which quotas hold for each tenant: its plan's, with its own values in their place. Follows the store and tells the node's meter.</summary>
internal sealed class QuotaBook
{
    private readonly TenancyStore store;
    private readonly Meter meter;

    public QuotaBook(TenancyStore store, Meter meter)
    {
        (this.store, this.meter) = (store, meter);
        store.Changed += Follow;
    }

    /// <summary>The built-in plans, then the platform's own.</summary>
    public IEnumerable<QuotaPlan> Plans => QuotaPlan.BuiltIn.Concat(Own().Values.Select(Read));

    public QuotaPlan? FindPlan(string name) =>
        QuotaPlan.BuiltIn.FirstOrDefault(p => p.Name == name) ?? (Own().TryGetValue(name, out var own) ? Read(own) : null);

    /// <summary>What holds for a tenant with this row. A plan that is gone limits nothing: it cannot be removed while somebody follows it.</summary>
    public Core.Metering.Quotas Of(QuotaRow? row)
    {
        var quotas = (FindPlan(row?.Plan ?? QuotaPlan.Default) ?? QuotaPlan.BuiltIn[^1]).Quotas;
        return OwnValues(row).Where(v => Core.Metering.Quotas.Names.Contains(v.Key)).Aggregate(quotas, (sum, value) => sum.With(value.Key, value.Value));
    }

    public static Dictionary<string, long?> OwnValues(QuotaRow? row) => row is null ? [] : JsonSerializer.Deserialize<Dictionary<string, long?>>(row.Own) ?? [];

    public static QuotaPlan Read(QuotaPlanRow row)
    {
        var values = JsonSerializer.Deserialize<Dictionary<string, long>>(row.Quotas) ?? [];
        return new QuotaPlan(row.Name, values.Where(v => Core.Metering.Quotas.Names.Contains(v.Key)).Aggregate(Core.Metering.Quotas.Unlimited, (sum, value) => sum.With(value.Key, value.Value)), false);
    }

    private IReadOnlyDictionary<string, QuotaPlanRow> Own() => store.Find(TenantId.Main)?.QuotaPlans ?? (IReadOnlyDictionary<string, QuotaPlanRow>)new Dictionary<string, QuotaPlanRow>();

    private void Follow(TenantId tenant, TenancyImage? before, TenancyImage after)
    {
        if (tenant == TenantId.Main && !ReferenceEquals(before?.QuotaPlans, after.QuotaPlans))
        {
            foreach (var image in store.All.ToList())
                meter.SetQuotas(TenantId.Parse(image.Tenant.TenantId), Of(image.Quota));
        }
        meter.SetQuotas(tenant, Of(after.Quota));
    }
}
