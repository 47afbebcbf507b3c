namespace Strata.Postgres;

/// <summary>The database cannot be used as it is. The message is for the operator: what, where, what to do; never a password.</summary>
public sealed class DatabaseException(string message, Exception? inner = null) : Exception(message, inner);
