using Strata.Cloud;
using Strata.Postgres;
using Strata.Postgres.Schema;

namespace Strata.Cli.Doctor;

/// <summary>What can be seen of the PostgreSQL database of a cloud node.</summary>
internal static class DatabaseChecks
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(string database, CancellationToken cancellationToken)
    {
        try
        {
            var address = DatabaseAddress.Parse(database);
            await using var connection = await address.OpenAsync(cancellationToken);
            var findings = new List<Finding> { Finding.Ok("database", $"{address.Name} answers, PostgreSQL {connection.PostgreSqlVersion}") };
            foreach (var version in await CloudDatabase.Schema.StatusAsync(connection, cancellationToken))
            {
                findings.Add(version.State is SchemaState.Current
                    ? Finding.Ok($"database {version.Part}", $"version {version.Found}")
                    : Finding.Problem($"database {version.Part}", $"{version.State.ToString().ToLowerInvariant()}: found '{version.Found}', this program needs {version.Wanted}", "strata database migrate --owner ... (or a program of that version)"));
            }
            foreach (var fault in (await CloudDatabase.Schema.VerifyAsync(connection, cancellationToken)).Where(f => f.IsFault))
                findings.Add(Finding.Problem($"database {fault.Subject}", fault.Detail, "strata database migrate mends policies and rights; what it does not mend is for the database's administrator."));
            findings.Add((await connection.ListAsync("SELECT current_setting('fsync') || ' ' || current_setting('full_page_writes')", r => r.GetString(0), cancellationToken))[0] == "on on"
                ? Finding.Ok("database durability", "fsync and full_page_writes are on")
                : Finding.Problem("database durability", "fsync or full_page_writes is off: what is acknowledged can be lost with the machine", "Set both to on in postgresql.conf and restart the server."));
            return findings;
        }
        catch (DatabaseException e)
        {
            return [Finding.Problem("database", e.Message, "Check the connection string (--database, STRATA_DATABASE) and the server.")];
        }
    }
}
