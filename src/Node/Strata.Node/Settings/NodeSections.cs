using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Reads.Live;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Settings;

/// <summary>What can be set of the parts that clouds and gateways have alike.</summary>
public static class NodeSections
{
    public static IReadOnlyList<SettingSection> All { get; } =
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
