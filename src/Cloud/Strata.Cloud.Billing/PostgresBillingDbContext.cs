using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresBillingDbContext(DbContextOptions<PostgresBillingDbContext> options, TenantId tenant) : BillingDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresBillingDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresBillingDbContextFactory : IDesignTimeDbContextFactory<PostgresBillingDbContext>
{
    public PostgresBillingDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresBillingDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(BillingDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
