using Strata.Core.Shadows;
using Strata.Fog.Artifacts;
using Strata.Fog.Below;
using Strata.Fog.Downward;
using Strata.Fog.Link;
using Strata.Fog.Shadows;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Settings;

namespace Strata.Fog;

/// <summary>What of a gateway can be set by <c>--set SECTION.NAME=VALUE</c>, beside what has an option of its own.</summary>
public static class FogSettings
{
    private static readonly string[] OwnOptions =
    [
        nameof(FogOptions.LogLevel), nameof(FogOptions.MaxTrustAge), nameof(FogOptions.KeepRaw), nameof(FogOptions.MaxStoreBytes), nameof(FogOptions.MaxBacklogBytes), nameof(FogOptions.MaxArtifactBytes),
        nameof(FogOptions.MaxDownloadBytesPerSecond), nameof(FogOptions.WhenBacklogFull), nameof(FogOptions.DrainRate), nameof(FogOptions.MaxMqttConnections), nameof(FogOptions.MaxMessagesPerSecond), nameof(FogOptions.MaxBytesPerSecond),
        nameof(FogOptions.SkipDamagedSessions),
    ];

    public static IReadOnlyList<SettingSection> Sections { get; } =
        [
            SettingSection.Given("node", new FogOptions { DataFolder = "", Cloud = new Uri("http://127.0.0.1:8080") }, OwnOptions),
            .. NodeSections.All,
            SettingSection.Given("sender", new UplinkSenderOptions(), nameof(UplinkSenderOptions.DrainRate)),
            SettingSection.Given("backlog", new ForwardLogOptions { Folder = "" }, nameof(ForwardLogOptions.MaxBytes), nameof(ForwardLogOptions.WhenFull)),
            SettingSection.Given("parent", new ParentLinkOptions()),
            SettingSection.Given("below", new BelowOptions()),
            SettingSection.Given("downward", new DownwardOptions()),
            SettingSection.Given("commands", new LocalCommandOptions()),
            SettingSection.Given("shadows", new FogShadowOptions()),
            SettingSection.Given("shadow", new ShadowLimits()),
            SettingSection.Given("artifacts", new ArtifactCacheOptions(), nameof(ArtifactCacheOptions.MaxBytes), nameof(ArtifactCacheOptions.BytesPerSecond)),
        ];
}
