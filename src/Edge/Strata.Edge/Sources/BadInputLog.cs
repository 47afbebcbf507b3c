using Microsoft.Extensions.Logging;

namespace Strata.Edge.Sources;

/// <summary>
/// Counts rows and lines that could not be read and says which, without filling the log (<see cref="SparseLog"/>).
/// </summary>
/// <param name="source">What is read, for people.</param>
/// <param name="unit"><c>row</c> or <c>line</c>.</param>
internal sealed partial class BadInputLog(string source, string unit, ILogger logger)
{
    private readonly SparseLog sparse = new();

    public long Count => sparse.Count;

    public void Report(long line, string reason)
    {
        if (sparse.Next())
            BadInput(logger, source, unit, line, reason, Count);
    }

    [LoggerMessage(4100, LogLevel.Warning, "{Source}: the {Unit} at line {Line} is left out, {Reason} ({Count} so far).")]
    private static partial void BadInput(ILogger logger, string source, string unit, long line, string reason, long count);
}
