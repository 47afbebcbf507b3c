using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests;

/// <summary>A node that keeps registry and telemetry in PostgreSQL, as the node's role.</summary>
public class RunningCloudOnPostgres(PostgresServer server) : RunningCloud(server)
{
    /// <summary>The superuser's connection, for looking.</summary>
    public string Superuser => Server.Admin;
}
