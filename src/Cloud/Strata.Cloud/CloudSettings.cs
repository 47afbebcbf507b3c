using Strata.Cloud.Artifacts;
using Strata.Cloud.Billing;
using Strata.Cloud.Commands;
using Strata.Cloud.Devices;
using Strata.Cloud.Health;
using Strata.Cloud.Identity;
using Strata.Cloud.Installer;
using Strata.Cloud.Operations;
using Strata.Cloud.Platform;
using Strata.Cloud.Provisioning;
using Strata.Cloud.Shadows;
using Strata.Cloud.Tenancy;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Updates;
using Strata.Core.Shadows;
using Strata.Node.Metering;
using Strata.Node.Settings;
using Strata.Telemetry.Postgres;

namespace Strata.Cloud;

/// <summary>What of a cloud node can be set by <c>--set SECTION.NAME=VALUE</c>.</summary>
public static class CloudSettings
{
    public static IReadOnlyList<SettingSection> Sections { get; } =
    [
        SettingSection.Given("node", new CloudOptions { DataFolder = "" }, nameof(CloudOptions.LogLevel), nameof(CloudOptions.SkipDamagedSessions), nameof(CloudOptions.KeepRaw), nameof(CloudOptions.KeepWindows)),
        .. NodeSections.All,
        SettingSection.Configured<PostgresTelemetryOptions>("postgres"),
        SettingSection.Configured<MeterOptions>("meter"),
        SettingSection.Given("registry", new RegistryOptions { DataFolder = "" }),
        SettingSection.Given("devices", new DevicesOptions()),
        SettingSection.Given("tenancy", new TenancyOptions()),
        SettingSection.Given("people", new PeopleOptions()),
        SettingSection.Given("billing", new BillingOptions()),
        SettingSection.Given("identity", new IdentityOptions()),
        SettingSection.Given("health", new HealthOptions()),
        SettingSection.Given("provisioning", new ProvisioningOptions()),
        SettingSection.Given("installer", new InstallerOptions()),
        SettingSection.Given("shadows", new ShadowOptions()),
        SettingSection.Given("shadow", new ShadowLimits()),
        SettingSection.Given("commands", new CommandsOptions()),
        SettingSection.Given("artifacts", new ArtifactsOptions()),
        SettingSection.Given("updates", new UpdatesOptions()),
        SettingSection.Given("statistics", new StatisticsOptions()),
    ];
}
