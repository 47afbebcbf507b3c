using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Identity;

/// <summary>The tables of this slice: authorities and certificates.</summary>
internal class IdentityDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "identity_migrations";

    public DbSet<AuthorityRow> Authorities => Set<AuthorityRow>();

    public DbSet<CertificateRow> Certificates => Set<CertificateRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<AuthorityRow>(authority =>
        {
            authority.ToTable("authorities").HasKey(a => new { a.TenantId, a.Id });
            authority.Property(a => a.Id).HasMaxLength(40);
            authority.Property(a => a.WrappedBy).HasMaxLength(128);
        });
        modelBuilder.Entity<CertificateRow>(certificate =>
        {
            certificate.ToTable("certificates").HasKey(c => new { c.TenantId, c.Serial });
            certificate.Property(c => c.Serial).HasMaxLength(40);
            certificate.Property(c => c.Authority).HasMaxLength(40);
            certificate.Property(c => c.Device).HasMaxLength(128);
            certificate.Property(c => c.Use).HasMaxLength(16);
            certificate.Property(c => c.Standing).HasMaxLength(16);
            certificate.Property(c => c.KeyHash).HasMaxLength(64);
            certificate.HasIndex(c => new { c.TenantId, c.Device });
            certificate.HasIndex(c => new { c.TenantId, c.NotAfter });
            certificate.HasIndex(c => new { c.TenantId, c.KeyHash });
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddIdentity</c>.</summary>
internal sealed class IdentityDbContextFactory : IDesignTimeDbContextFactory<IdentityDbContext>
{
    public IdentityDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<IdentityDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(IdentityDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
