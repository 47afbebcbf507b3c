using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Platform;
using Strata.Cloud.Shadows.Rows;
using Strata.Core.Configuration;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows;

/// <summary>The tables of this slice: shadows as they are, what was changed of them, and layers and schemas of configuration.</summary>
internal class ShadowsDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "shadows_migrations";

    public DbSet<ShadowRow> Shadows => Set<ShadowRow>();

    public DbSet<ShadowChangeRow> Changes => Set<ShadowChangeRow>();

    public DbSet<ConfigurationLayerRow> Layers => Set<ConfigurationLayerRow>();

    public DbSet<DeletedLayerRow> DeletedLayers => Set<DeletedLayerRow>();

    public DbSet<ConfigurationSchemaRow> Schemas => Set<ConfigurationSchemaRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ShadowRow>(shadow =>
        {
            shadow.ToTable(ShadowRow.Table).HasKey(s => new { s.TenantId, s.Id });
            shadow.Property(s => s.Id).HasMaxLength(DeviceId.MaxLength + 1 + ShadowLimits.MaxNameLength);
            shadow.Property(s => s.Device).HasMaxLength(DeviceId.MaxLength);
            shadow.HasIndex(s => new { s.TenantId, s.Device });
        });
        modelBuilder.Entity<ShadowChangeRow>(change =>
        {
            change.ToTable(ShadowChangeRow.Table).HasKey(c => new { c.TenantId, c.Id });
            change.Property(c => c.Id).HasMaxLength(DeviceId.MaxLength + 1 + ShadowLimits.MaxNameLength + 20);
            change.HasIndex(c => new { c.TenantId, c.Time });
        });
        modelBuilder.Entity<ConfigurationLayerRow>(layer =>
        {
            layer.ToTable("configuration_layers").HasKey(l => new { l.TenantId, l.Id });
            layer.Property(l => l.Id).HasMaxLength(LayerId.MaxLength);
        });
        modelBuilder.Entity<DeletedLayerRow>(layer =>
        {
            layer.ToTable("configuration_deleted_layers").HasKey(l => new { l.TenantId, l.Id });
            layer.Property(l => l.Id).HasMaxLength(LayerId.MaxLength);
        });
        modelBuilder.Entity<ConfigurationSchemaRow>(schema =>
        {
            schema.ToTable("configuration_schemas").HasKey(s => new { s.TenantId, s.Model });
            schema.Property(s => s.Model).HasMaxLength(128);
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddShadows</c>.</summary>
internal sealed class ShadowsDbContextFactory : IDesignTimeDbContextFactory<ShadowsDbContext>
{
    public ShadowsDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<ShadowsDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(ShadowsDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
