using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Reads.Live;
using Strata.Node.Settings;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog;

/// <summary>What of a gateway can be set by <c>--set SECTION.NAME=VALUE</c>, beside what has an option of its own.</summary>
public static class FogSettings
{
    public static IReadOnlyList<SettingSection> Sections { get; } =
    [
        SettingSection.Configured<MqttOptions>("mqtt", nameof(MqttOptions.MaxConnections), nameof(MqttOptions.SkipDamagedData)),
        SettingSection.Configured<DeviceIngestOptions>("ingest"),
        SettingSection.Configured<IngestOptions>("writer"),
        SettingSection.Configured<TelemetryStoreOptions>("store"),
        SettingSection.Configured<UplinkOptions>("uplink", nameof(UplinkOptions.AcceptUnknownDevices)),
        SettingSection.Configured<GatewayLinkOptions>("link"),
        SettingSection.Configured<LiveOptions>("live"),
        SettingSection.Configured<FleetEventOptions>("events"),
    ];
}
