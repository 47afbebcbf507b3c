using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health;

/// <summary>The tables of this slice.</summary>
internal class HealthDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "health_migrations";

    public DbSet<DeviceHealthRow> Devices => Set<DeviceHealthRow>();

    public DbSet<HealthPolicyRow> Policies => Set<HealthPolicyRow>();

    public DbSet<FleetTrendRow> Trend => Set<FleetTrendRow>();

    public DbSet<WorkOrderRow> WorkOrders => Set<WorkOrderRow>();

    public DbSet<SiteWindowRow> Windows => Set<SiteWindowRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<DeviceHealthRow>(device =>
        {
            device.ToTable("device_health").HasKey(d => new { d.TenantId, d.Device });
            device.Property(d => d.Device).HasMaxLength(128);
        });
        modelBuilder.Entity<HealthPolicyRow>(policy => policy.ToTable("health_policies").HasKey(p => p.TenantId));
        modelBuilder.Entity<FleetTrendRow>(hour =>
        {
            hour.ToTable("fleet_trend").HasKey(h => new { h.TenantId, h.Hour });
            hour.Property(h => h.Hour).ValueGeneratedNever();
        });
        modelBuilder.Entity<WorkOrderRow>(order =>
        {
            order.ToTable("work_orders").HasKey(o => new { o.TenantId, o.Id });
            order.Property(o => o.Id).HasMaxLength(16);
            order.Property(o => o.Kind).HasMaxLength(32);
            order.Property(o => o.State).HasMaxLength(16);
            order.HasIndex(o => new { o.TenantId, o.Closed });
            order.HasIndex(o => new { o.TenantId, o.State });
            order.HasIndex(o => new { o.TenantId, o.Created });
        });
        modelBuilder.Entity<SiteWindowRow>(window =>
        {
            window.ToTable("site_windows").HasKey(w => new { w.TenantId, w.Id });
            window.Property(w => w.Id).HasMaxLength(16);
            window.Property(w => w.Reason).HasMaxLength(500);
            window.HasIndex(w => new { w.TenantId, w.Ends });
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddHealth</c>.</summary>
internal sealed class HealthDbContextFactory : IDesignTimeDbContextFactory<HealthDbContext>
{
    public HealthDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<HealthDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(HealthDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
