using Microsoft.Extensions.Logging;
using Strata.Forwarding;

namespace Strata.Fog.Uplink;

internal sealed partial class UplinkProjector
{
    [LoggerMessage(6101, LogLevel.Error, "The uplink's log has stopped; readings are stored here but no longer sent until the gateway is started anew.")]
    private partial void LogStopped(Exception exception);

    [LoggerMessage(6102, LogLevel.Warning, "The local store cannot be read or written just now: {Reason}")]
    private partial void LogStoreFails(string reason);

    [LoggerMessage(6103, LogLevel.Warning, "The uplink's log takes no more ({Outcome}): readings wait in the local store until the parent has acknowledged some.")]
    private partial void LogHeldBack(AppendOutcome outcome);

    [LoggerMessage(6104, LogLevel.Information, "The uplink's log takes entries again.")]
    private partial void LogGoesOn();

    [LoggerMessage(6105, LogLevel.Warning, "Entries {First} to {Last} with {Readings} readings were dropped: the uplink's log is full.")]
    private partial void LogDropped(long first, long last, long readings);

    [LoggerMessage(6106, LogLevel.Warning, "The state of the windows could not be written: {Reason}")]
    private partial void LogNotSaved(string reason);

    [LoggerMessage(6107, LogLevel.Warning, "The state of the windows could not be read ({Reason}); it is derived from the store again.")]
    private partial void LogStateLost(string reason);

    [LoggerMessage(6108, LogLevel.Warning, "The local store ends at commit {Last}, the uplink's log at {Cursor}: the store is taken for new.")]
    private partial void LogStoreIsNew(long last, long cursor);
}
