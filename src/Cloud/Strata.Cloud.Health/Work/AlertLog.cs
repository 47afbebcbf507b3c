using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Metering.Sla;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Work;

/// <summary>Alerts are the work orders that the node made. One that was over before anybody came needs no answer any more.</summary>
internal sealed class AlertLog(HealthStore store) : IAlertLog
{
    public async Task<IReadOnlyList<AlertResponse>> RaisedAsync(TenantId tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var db = store.Create(tenant);
        var orders = await db.WorkOrders.AsNoTracking().Where(o => o.CreatedBy == Caller.NodeActor && o.Created >= from && o.Created < to).Select(o => new { o.Created, o.Answered, o.Closed }).ToListAsync(cancellationToken);
        return orders.ConvertAll(o => new AlertResponse(o.Created, o.Answered ?? o.Closed));
    }
}
