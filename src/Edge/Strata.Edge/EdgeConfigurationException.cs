namespace Strata.Edge;

/// <summary>An agent cannot start as it is configured; the message says what is wrong and what would be right.</summary>
public sealed class EdgeConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
