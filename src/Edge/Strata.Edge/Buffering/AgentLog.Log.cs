using Microsoft.Extensions.Logging;

namespace Strata.Edge.Buffering;

internal sealed partial class AgentLog
{
    [LoggerMessage(4200, LogLevel.Warning, "The buffer was mended: {Note}")]
    private static partial void Mended(ILogger logger, string note);

    [LoggerMessage(4201, LogLevel.Information, "The source is another one than before, or its file or mapping changed: it is read from its start.")]
    private static partial void OtherSource(ILogger logger);

    [LoggerMessage(4202, LogLevel.Warning, "The source waits: {Reason}.")]
    private static partial void Waits(ILogger logger, string reason);

    [LoggerMessage(4203, LogLevel.Information, "The source goes on: there is room again.")]
    private static partial void GoesOn(ILogger logger);

    [LoggerMessage(4204, LogLevel.Warning, "Batch {Number} ({Readings} readings) is lost: the gateway refuses it for good ({Reason}); {Total} readings so far.")]
    private static partial void Rejected(ILogger logger, long number, int readings, string reason, long total);

    [LoggerMessage(4205, LogLevel.Warning, "Batches {First} to {Last} ({Readings} readings) are lost: the buffer is full and the oldest give way; {Total} readings so far.")]
    private static partial void Dropped(ILogger logger, long first, long last, long readings, long total);
}
