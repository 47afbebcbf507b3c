namespace Strata.Cli;

/// <summary>An error for the person at the terminal: what, where, and what to do. Its message is all that is shown.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
