using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>Tables that come and change together: the telemetry store's, or those of a slice of the registry.</summary>
public interface ISchemaPart
{
    /// <summary>For messages.</summary>
    string Name { get; }

    IReadOnlyList<SchemaTable> Tables { get; }

    /// <summary>Functions that the node's role may call and that run with the owner's rights, as <c>name(types)</c>.</summary>
    IReadOnlyList<string> Functions => [];

    /// <summary>Sequences that the node's role may use.</summary>
    IReadOnlyList<string> Sequences => [];

    /// <summary>Compares the database with this program. Works as any role that may read.</summary>
    Task<SchemaVersion> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>Brings the tables to this program's version, as their owner.</summary>
    Task MigrateAsync(DatabaseAddress owner, NpgsqlConnection connection, CancellationToken cancellationToken);
}

/// <param name="Part">The part's name.</param>
/// <param name="Found">The version in the database; empty when it is not there.</param>
/// <param name="Wanted">This program's version.</param>
/// <param name="State">How the two compare.</param>
public sealed record SchemaVersion(string Part, string Found, string Wanted, SchemaState State);

public enum SchemaState
{
    Current,
    Missing,
    Older,
    Newer,
}
