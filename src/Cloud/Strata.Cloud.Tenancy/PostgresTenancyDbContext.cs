using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresTenancyDbContext(DbContextOptions<PostgresTenancyDbContext> options, TenantId tenant) : TenancyDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresTenancyDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresTenancyDbContextFactory : IDesignTimeDbContextFactory<PostgresTenancyDbContext>
{
    public PostgresTenancyDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresTenancyDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(TenancyDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
