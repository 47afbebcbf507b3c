using Microsoft.EntityFrameworkCore;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>The shared database, wherever the tenant's own rows are: for its placement. Its tables are made by the migrations of the devices' slice.</summary>
public sealed class HomeDbContext(DbContextOptions<HomeDbContext> options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public override bool StaysAtHome => true;

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
    }

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }
}
