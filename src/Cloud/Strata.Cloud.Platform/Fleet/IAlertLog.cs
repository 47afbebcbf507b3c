using Strata.Core.Metering.Sla;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>What the node found wrong of a tenant's devices and asked people to see to, and when somebody did.</summary>
public interface IAlertLog
{
    /// <summary>Alerts raised from <paramref name="from"/> on and before <paramref name="to"/>.</summary>
    Task<IReadOnlyList<AlertResponse>> RaisedAsync(TenantId tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);
}
