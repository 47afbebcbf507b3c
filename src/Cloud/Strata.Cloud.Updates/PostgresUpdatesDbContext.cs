using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Updates;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresUpdatesDbContext(DbContextOptions<PostgresUpdatesDbContext> options, TenantId tenant) : UpdatesDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresUpdatesDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresUpdatesDbContextFactory : IDesignTimeDbContextFactory<PostgresUpdatesDbContext>
{
    public PostgresUpdatesDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresUpdatesDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(UpdatesDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
