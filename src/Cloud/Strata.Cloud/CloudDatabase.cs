using Strata.Cloud.Billing;
using Strata.Cloud.Devices;
using Strata.Cloud.Identity;
using Strata.Cloud.Tenancy;
using Strata.Postgres.Schema;
using Strata.Telemetry.Postgres;

namespace Strata.Cloud;

/// <summary>What a cloud node keeps in PostgreSQL: the registry's slices and the telemetry store. <c>strata database</c> works on it.</summary>
public static class CloudDatabase
{
    public static DatabaseSchema Schema { get; } = new(DevicesModule.Schema, TenancyModule.Schema, BillingModule.Schema, IdentityModule.Schema, new TelemetrySchema());
}
