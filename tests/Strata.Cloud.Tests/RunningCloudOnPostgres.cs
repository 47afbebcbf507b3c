using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests;

/// <summary>A node that keeps registry and telemetry in PostgreSQL, as the node's role.</summary>
public class RunningCloudOnPostgres(PostgresServer server) : RunningCloud
{
    private TestDatabase? database;

    /// <summary>To look at the database as its roles.</summary>
    internal TestDatabase Server => database!;

    /// <summary>The superuser's connection, for looking.</summary>
    public string Superuser => database!.Admin;

    public override async ValueTask InitializeAsync()
    {
        database = await server.CreateAsync();
        await CloudDatabase.Schema.MigrateAsync(DatabaseAddress.Parse(database.Owner), null, CancellationToken.None);
        Database = database.Node;
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }
}
