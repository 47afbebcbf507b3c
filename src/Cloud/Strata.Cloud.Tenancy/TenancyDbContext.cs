using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy;

/// <summary>The tables of this slice: tokens and roles.</summary>
internal class TenancyDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "tenancy_migrations";

    public DbSet<ApiTokenRow> Tokens => Set<ApiTokenRow>();

    public DbSet<RoleRow> Roles => Set<RoleRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ApiTokenRow>(token =>
        {
            token.ToTable("tokens").HasKey(t => new { t.TenantId, t.Prefix });
            token.Property(t => t.Prefix).HasMaxLength(16);
            token.Property(t => t.Name).HasMaxLength(200);
            token.HasIndex(t => t.Prefix).IsUnique();
        });
        modelBuilder.Entity<RoleRow>(role =>
        {
            role.ToTable("roles").HasKey(r => new { r.TenantId, r.Name });
            role.Property(r => r.Name).HasMaxLength(Role.MaxNameLength);
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddTenancy</c>.</summary>
internal sealed class TenancyDbContextFactory : IDesignTimeDbContextFactory<TenancyDbContext>
{
    public TenancyDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<TenancyDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(TenancyDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
