using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresHealthDbContext(DbContextOptions<PostgresHealthDbContext> options, TenantId tenant) : HealthDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresHealthDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresHealthDbContextFactory : IDesignTimeDbContextFactory<PostgresHealthDbContext>
{
    public PostgresHealthDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresHealthDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(HealthDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
