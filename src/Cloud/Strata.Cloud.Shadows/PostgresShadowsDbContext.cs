using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresShadowsDbContext(DbContextOptions<PostgresShadowsDbContext> options, TenantId tenant) : ShadowsDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresShadowsDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresShadowsDbContextFactory : IDesignTimeDbContextFactory<PostgresShadowsDbContext>
{
    public PostgresShadowsDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresShadowsDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(ShadowsDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
