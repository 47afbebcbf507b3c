using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Installer.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Installer;

/// <summary>The tables of this slice: who mounted which device where, and the photos of it.</summary>
internal class InstallerDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "installer_migrations";

    /// <summary>Longest id of a mounting, as the column.</summary>
    public const int IdLength = 64;

    public DbSet<MountingRow> Mountings => Set<MountingRow>();

    public DbSet<MountingPhotoRow> Photos => Set<MountingPhotoRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<MountingRow>(mounting =>
        {
            mounting.ToTable("mountings").HasKey(m => new { m.TenantId, m.Id });
            mounting.Property(m => m.Id).HasMaxLength(IdLength);
            mounting.Property(m => m.Device).HasMaxLength(DeviceId.MaxLength);
            mounting.Property(m => m.Site).HasMaxLength(SiteId.MaxLength);
            mounting.Property(m => m.FromSite).HasMaxLength(SiteId.MaxLength);
            mounting.HasIndex(m => new { m.TenantId, m.Device, m.Received });
        });
        modelBuilder.Entity<MountingPhotoRow>(photo =>
        {
            photo.ToTable("mounting_photos").HasKey(p => new { p.TenantId, p.Mounting });
            photo.Property(p => p.Mounting).HasMaxLength(IdLength);
            photo.HasOne<MountingRow>().WithMany().HasForeignKey(p => new { p.TenantId, p.Mounting }).OnDelete(DeleteBehavior.Cascade);
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddInstaller</c>.</summary>
internal sealed class InstallerDbContextFactory : IDesignTimeDbContextFactory<InstallerDbContext>
{
    public InstallerDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<InstallerDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(InstallerDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
