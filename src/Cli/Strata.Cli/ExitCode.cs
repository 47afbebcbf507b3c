namespace Strata.Cli;

/// <summary>What the program returns; documented in <c>strata --help</c>.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The work was done and its result is bad: refused by the node, books that do not balance, a failed check.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage or configuration; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>The node does not answer.</summary>
    public const int Unreachable = 3;

    /// <summary>The node does not accept the token.</summary>
    public const int Unauthorized = 4;
}
