using Microsoft.Extensions.Logging;

namespace Strata.Edge.Sources;

/// <summary>
/// Counts rows and lines that could not be read and says which, without filling the log: the first ten, then one at 20, 40, 80, ... with the count.
/// </summary>
/// <param name="source">What is read, for people.</param>
/// <param name="unit"><c>row</c> or <c>line</c>.</param>
internal sealed partial class BadInputLog(string source, string unit, ILogger logger)
{
    private const long SaidOneByOne = 10;
    private long next = 1;

    public long Count { get; private set; }

    public void Report(long line, string reason)
    {
        if (++Count < next)
            return;
        next = Count < SaidOneByOne ? Count + 1 : Count * 2;
        BadInput(logger, source, unit, line, reason, Count);
    }

    [LoggerMessage(4100, LogLevel.Warning, "{Source}: the {Unit} at line {Line} is left out, {Reason} ({Count} so far).")]
    private static partial void BadInput(ILogger logger, string source, string unit, long line, string reason, long count);
}
