using Microsoft.Extensions.DependencyInjection;
using Strata.Core.Shadows;
using Strata.Fog.Artifacts;
using Strata.Fog.Below;
using Strata.Fog.Downward;
using Strata.Fog.Link;
using Strata.Fog.Shadows;
using Strata.Fog.Uplink;
using Strata.Forwarding;

namespace Strata.Fog;

/// <summary>The limits of a gateway's parts, as they hold: what was set of them, checked.</summary>
internal sealed class FogLimits
{
    /// <summary>Half of what the cloud takes as one request about shadows.</summary>
    private const int MaxChangesBytes = 4 << 20;

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public FogLimits(FogOptions options)
    {
        var set = options.Settings;
        Artifacts = set.On(new ArtifactCacheOptions { MaxBytes = options.MaxArtifactBytes, BytesPerSecond = options.MaxDownloadBytesPerSecond });
        Sender = set.On(new UplinkSenderOptions());
        Backlog = set.On(new ForwardLogOptions { Folder = "" });
        Parent = set.On(new ParentLinkOptions());
        Below = set.On(new BelowOptions());
        Downward = set.On(new DownwardOptions());
        Commands = set.On(new LocalCommandOptions());
        Shadows = set.On(new FogShadowOptions());
        Shadow = set.On(new ShadowLimits());
        Artifacts.Validate();
        Sender.Validate();
        FogOptions.Require(Backlog.SegmentBytes is >= 64 << 10 and <= 1 << 30, "backlog.segmentBytes", "from 64 KiB to 1 GiB");
        FogOptions.Require(Backlog.MaxRecordBytes is >= 1 << 20 and <= 64 << 20, "backlog.maxRecordBytes", "from 1 MiB to 64 MiB");
        FogOptions.Require(Backlog.MaxIntervals is >= 2 and <= 1_000_000, "backlog.maxIntervals", "from 2 to 1,000,000");
        Parent.Validate();
        Below.Validate();
        Downward.Validate();
        Commands.Validate();
        Shadows.Validate();
        try
        {
            Shadow.Validate();
        }
        catch (ArgumentException wrong)
        {
            throw new FogConfigurationException(wrong.Message, wrong);
        }
        FogOptions.Require((long)Shadows.MaxChanges * Shadow.MaxBytes <= MaxChangesBytes, "shadows.maxChanges", $"at most {MaxChangesBytes / Shadow.MaxBytes} with shadow.maxBytes={Shadow.MaxBytes}: a request to the cloud has no room for more");
    }

    public ArtifactCacheOptions Artifacts { get; }

    public UplinkSenderOptions Sender { get; }

    /// <summary>Of the uplink's log; folder and size are each tenant's own.</summary>
    public ForwardLogOptions Backlog { get; }

    public ParentLinkOptions Parent { get; }

    public BelowOptions Below { get; }

    public DownwardOptions Downward { get; }

    public LocalCommandOptions Commands { get; }

    public FogShadowOptions Shadows { get; }

    /// <summary>Of one shadow, as at the cloud.</summary>
    public ShadowLimits Shadow { get; }

    public void AddTo(IServiceCollection services) =>
        services.AddSingleton(Artifacts).AddSingleton(Sender).AddSingleton(Backlog).AddSingleton(Parent).AddSingleton(Below).AddSingleton(Downward).AddSingleton(Commands).AddSingleton(Shadows).AddSingleton(Shadow);
}
