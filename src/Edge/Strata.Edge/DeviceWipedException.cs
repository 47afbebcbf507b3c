namespace Strata.Edge;

/// <summary>The agent was told to wipe itself and has, now or before: it has no keys, and does not start again by itself.</summary>
public sealed class DeviceWipedException(string message) : Exception(message);
