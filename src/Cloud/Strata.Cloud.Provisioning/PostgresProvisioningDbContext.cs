using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresProvisioningDbContext(DbContextOptions<PostgresProvisioningDbContext> options, TenantId tenant) : ProvisioningDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresProvisioningDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresProvisioningDbContextFactory : IDesignTimeDbContextFactory<PostgresProvisioningDbContext>
{
    public PostgresProvisioningDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresProvisioningDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(ProvisioningDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
