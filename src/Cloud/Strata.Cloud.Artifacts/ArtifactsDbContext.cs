using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Artifacts;

/// <summary>The tables of this slice.</summary>
internal class ArtifactsDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "artifacts_migrations";

    private const int HashLength = 64;

    public DbSet<ContentRow> Contents => Set<ContentRow>();

    public DbSet<ArtifactRow> Artifacts => Set<ArtifactRow>();

    public DbSet<DeltaRow> Deltas => Set<DeltaRow>();

    public DbSet<ArtifactKeyRow> Keys => Set<ArtifactKeyRow>();

    public DbSet<ArtifactPolicyRow> Policies => Set<ArtifactPolicyRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ContentRow>(content =>
        {
            content.ToTable("artifact_contents").HasKey(c => new { c.TenantId, c.Sha256 });
            content.Property(c => c.Sha256).HasMaxLength(HashLength);
        });
        modelBuilder.Entity<ArtifactRow>(artifact =>
        {
            artifact.ToTable("artifacts").HasKey(a => new { a.TenantId, a.Id });
            artifact.Property(a => a.Id).HasMaxLength(160);
            artifact.Property(a => a.Sha256).HasMaxLength(HashLength);
        });
        modelBuilder.Entity<DeltaRow>(delta =>
        {
            delta.ToTable("artifact_deltas").HasKey(d => new { d.TenantId, d.Artifact, d.Base });
            delta.Property(d => d.Artifact).HasMaxLength(160);
            delta.Property(d => d.Base).HasMaxLength(HashLength);
            delta.Property(d => d.Sha256).HasMaxLength(HashLength);
            delta.Property(d => d.Format).HasMaxLength(16);
            delta.HasOne<ArtifactRow>().WithMany().HasForeignKey(d => new { d.TenantId, d.Artifact }).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ArtifactKeyRow>(key =>
        {
            key.ToTable("artifact_keys").HasKey(k => new { k.TenantId, k.Id });
            key.Property(k => k.Id).HasMaxLength(64);
            key.Property(k => k.Algorithm).HasMaxLength(16);
        });
        modelBuilder.Entity<ArtifactPolicyRow>(policy => policy.ToTable("artifact_policies").HasKey(p => p.TenantId));
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddArtifacts</c>.</summary>
internal sealed class ArtifactsDbContextFactory : IDesignTimeDbContextFactory<ArtifactsDbContext>
{
    public ArtifactsDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<ArtifactsDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(ArtifactsDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
