using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Platform;
using Strata.Cloud.Updates.Rows;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;

namespace Strata.Cloud.Updates;

/// <summary>The tables of this slice: rollouts, their devices, what devices ran.</summary>
internal class UpdatesDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "updates_migrations";

    public const int IdLength = 32;

    public DbSet<RolloutRow> Rollouts => Set<RolloutRow>();

    public DbSet<RolloutMemberRow> Members => Set<RolloutMemberRow>();

    public DbSet<DeviceSoftwareRow> Software => Set<DeviceSoftwareRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RolloutRow>(rollout =>
        {
            rollout.ToTable("rollouts").HasKey(r => new { r.TenantId, r.Id });
            rollout.Property(r => r.Id).HasMaxLength(IdLength);
            rollout.Property(r => r.State).HasMaxLength(32);
        });
        modelBuilder.Entity<RolloutMemberRow>(member =>
        {
            member.ToTable("rollout_devices").HasKey(m => new { m.TenantId, m.Rollout, m.Device });
            member.Property(m => m.Rollout).HasMaxLength(IdLength);
            member.Property(m => m.Device).HasMaxLength(DeviceId.MaxLength);
            member.Property(m => m.State).HasMaxLength(32);
        });
        modelBuilder.Entity<DeviceSoftwareRow>(software =>
        {
            software.ToTable("device_software").HasKey(s => new { s.TenantId, s.Device, s.Component, s.Since });
            software.Property(s => s.Device).HasMaxLength(DeviceId.MaxLength);
            software.Property(s => s.Component).HasMaxLength(64);
            software.Property(s => s.Version).HasMaxLength(UpdateVersion.MaxLength);
            software.Property(s => s.Rollout).HasMaxLength(IdLength);
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddUpdates</c>.</summary>
internal sealed class UpdatesDbContextFactory : IDesignTimeDbContextFactory<UpdatesDbContext>
{
    public UpdatesDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<UpdatesDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(UpdatesDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
