using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresCommandsDbContext(DbContextOptions<PostgresCommandsDbContext> options, TenantId tenant) : CommandsDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresCommandsDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresCommandsDbContextFactory : IDesignTimeDbContextFactory<PostgresCommandsDbContext>
{
    public PostgresCommandsDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresCommandsDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(CommandsDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
