namespace Strata.Edge.Updates;

/// <summary>The agent ends so that its supervisor starts the slot that is next.</summary>
public sealed class RestartForUpdateException() : Exception("The agent ends so that another version of it is started.");
