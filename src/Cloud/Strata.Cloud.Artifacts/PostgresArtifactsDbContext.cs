using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Artifacts;

/// <summary>The same tables in PostgreSQL: a context of its own, so that its migrations are its own (<c>Migrations/Postgres</c>).</summary>
internal sealed class PostgresArtifactsDbContext(DbContextOptions<PostgresArtifactsDbContext> options, TenantId tenant) : ArtifactsDbContext(options, tenant);

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresArtifactsDbContext --output-dir Migrations/Postgres</c> only.</summary>
internal sealed class PostgresArtifactsDbContextFactory : IDesignTimeDbContextFactory<PostgresArtifactsDbContext>
{
    public PostgresArtifactsDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<PostgresArtifactsDbContext>()
                .UseNpgsql("Host=none", server => server.MigrationsHistoryTable(ArtifactsDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
