using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Installer;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresInstallerDbContext(DbContextOptions<PostgresInstallerDbContext> options, TenantId tenant) : InstallerDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresInstallerDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresInstallerDbContextFactory : IDesignTimeDbContextFactory<PostgresInstallerDbContext>
{
    public PostgresInstallerDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresInstallerDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(InstallerDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
