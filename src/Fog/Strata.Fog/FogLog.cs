using Microsoft.Extensions.Logging;

namespace Strata.Fog;

/// <summary>What the composition logs.</summary>
internal static partial class FogLog
{
    [LoggerMessage(6001, LogLevel.Warning, "Opening the uplink's log: {Note}")]
    public static partial void Opened(ILogger logger, string note);

    [LoggerMessage(6003, LogLevel.Error, "What waited for devices cannot be read ({Reason}); the parent does not send it again, whoever asked must ask again.")]
    public static partial void DownwardLost(ILogger logger, string reason);

    [LoggerMessage(6034, LogLevel.Error, "A shadow that was kept cannot be read ({Reason}); the parent's is taken, what it had not heard of it is lost.")]
    public static partial void ShadowLost(ILogger logger, string reason);

    [LoggerMessage(6002, LogLevel.Warning, "The kept configuration cannot be read ({Reason}); devices are served when the parent has sent it again.")]
    public static partial void ConfigurationLost(ILogger logger, string reason);
}
