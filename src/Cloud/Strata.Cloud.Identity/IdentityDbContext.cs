using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Identity;

/// <summary>The tables of this slice: authorities, certificates, policies and the names of gateways.</summary>
internal class IdentityDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "identity_migrations";

    public DbSet<AuthorityRow> Authorities => Set<AuthorityRow>();

    public DbSet<CertificateRow> Certificates => Set<CertificateRow>();

    public DbSet<CertificatePolicyRow> Policies => Set<CertificatePolicyRow>();

    public DbSet<GatewayNamesRow> GatewayNames => Set<GatewayNamesRow>();

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
            authority.Property(a => a.Kind).HasMaxLength(16);
            authority.Property(a => a.Name).HasMaxLength(256);
            authority.Property(a => a.Sku).HasMaxLength(200);
            authority.Property(a => a.Challenge).HasMaxLength(64);
            authority.HasIndex(a => new { a.TenantId, a.Kind, a.Name });
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
            certificate.Property(c => c.Named).HasMaxLength(128);
            certificate.Property(c => c.Anchor).HasMaxLength(40);
            certificate.HasIndex(c => new { c.TenantId, c.Named });
            certificate.HasIndex(c => new { c.TenantId, c.KeyHash });
            certificate.HasIndex(c => new { c.TenantId, c.Authority });
        });
        modelBuilder.Entity<GatewayNamesRow>(names =>
        {
            names.ToTable("gateway_names").HasKey(g => new { g.TenantId, g.Gateway });
            names.Property(g => g.Gateway).HasMaxLength(128);
            names.Property(g => g.Names).HasMaxLength(17_000);
            names.Property(g => g.Serial).HasMaxLength(40);
        });
        modelBuilder.Entity<CertificatePolicyRow>().ToTable("certificate_policies").HasKey(p => p.TenantId);
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
