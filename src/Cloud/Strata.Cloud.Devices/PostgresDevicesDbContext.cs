using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresDevicesDbContext(DbContextOptions<PostgresDevicesDbContext> options, TenantId tenant) : DevicesDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresDevicesDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresDevicesDbContextFactory : IDesignTimeDbContextFactory<PostgresDevicesDbContext>
{
    public PostgresDevicesDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresDevicesDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(DevicesDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
