using Strata.Testing.Postgres;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Strata.Cloud.Devices.Tests;

/// <summary>The same in PostgreSQL, as the node's role under its policies.</summary>
public sealed class ApplyArchitectureInServerTests(PostgresServer server) : ApplyArchitectureTests
{
    private protected override Task<TestRegistry> OpenAsync() => TestRegistry.OpenAsync(server);
}
