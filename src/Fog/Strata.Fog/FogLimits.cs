using Microsoft.Extensions.DependencyInjection;
using Strata.Fog.Artifacts;
using Strata.Fog.Below;
using Strata.Fog.Uplink;
using Strata.Forwarding;

namespace Strata.Fog;

/// <summary>The limits of a gateway's parts, as they hold: what was set of them, checked.</summary>
internal sealed class FogLimits
{
    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public FogLimits(FogOptions options)
    {
        var set = options.Settings;
        Artifacts = set.On(new ArtifactCacheOptions { MaxBytes = options.MaxArtifactBytes, BytesPerSecond = options.MaxDownloadBytesPerSecond });
        Sender = set.On(new UplinkSenderOptions());
        Backlog = set.On(new ForwardLogOptions { Folder = "" });
        Below = set.On(new BelowOptions());
        Artifacts.Validate();
        Sender.Validate();
        FogOptions.Require(Backlog.SegmentBytes is >= 64 << 10 and <= 1 << 30, "backlog.segmentBytes", "from 64 KiB to 1 GiB");
        FogOptions.Require(Backlog.MaxRecordBytes is >= 1 << 20 and <= 64 << 20, "backlog.maxRecordBytes", "from 1 MiB to 64 MiB");
        FogOptions.Require(Backlog.MaxIntervals is >= 2 and <= 1_000_000, "backlog.maxIntervals", "from 2 to 1,000,000");
        Below.Validate();
    }

    public ArtifactCacheOptions Artifacts { get; }

    public UplinkSenderOptions Sender { get; }

    /// <summary>Of the uplink's log; folder and size are each tenant's own.</summary>
    public ForwardLogOptions Backlog { get; }

    public BelowOptions Below { get; }

    public void AddTo(IServiceCollection services) => services.AddSingleton(Artifacts).AddSingleton(Sender).AddSingleton(Backlog).AddSingleton(Below);
}
