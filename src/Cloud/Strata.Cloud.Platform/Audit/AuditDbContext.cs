using Microsoft.EntityFrameworkCore;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Audit;

/// <summary>The audit trail alone, for who seals, reads and verifies it. Its tables are made by the migrations of the devices' slice.</summary>
public sealed class AuditDbContext(DbContextOptions<AuditDbContext> options, TenantId tenant) : StrataDbContext(options, tenant)
{
    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
    }

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }
}
