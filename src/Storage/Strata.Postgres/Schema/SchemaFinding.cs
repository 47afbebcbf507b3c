namespace Strata.Postgres.Schema;

/// <summary>What was found of one table, role or function.</summary>
public sealed record SchemaFinding(string Subject, bool IsFault, string Detail);
