using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Identity;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresIdentityDbContext(DbContextOptions<PostgresIdentityDbContext> options, TenantId tenant) : IdentityDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresIdentityDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresIdentityDbContextFactory : IDesignTimeDbContextFactory<PostgresIdentityDbContext>
{
    public PostgresIdentityDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresIdentityDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(IdentityDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
