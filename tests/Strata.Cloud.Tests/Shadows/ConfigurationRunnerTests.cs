using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Shadows;
using Strata.Cloud.Shadows.Configuration;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>A node that brings configurations to devices when a test does.</summary>
public sealed class PatientCloud : RunningCloud
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await QuietAsync();
    }

    /// <summary>It brings nothing by itself until it is started again.</summary>
    public Task QuietAsync() => Node.Services.GetRequiredService<ConfigurationRunner>().StopAsync(CancellationToken.None);
}

/// <summary>How configurations come into shadows: what is known of those that were sent, and what only the shadows know.</summary>
public sealed class ConfigurationRunnerTests(PatientCloud cloud) : IClassFixture<PatientCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_that_is_deleted_and_made_again_gets_its_configuration()
    {
        var client = await TenantAsync("run-again");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await BringAsync("run-again");
        Assert.Equal("""{"interval":60}""", await DesiredAsync(client));
        await client.DeleteDeviceAsync("d-1", Cancelled);
        await client.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        Assert.Null(await DesiredAsync(client)); // And what was of the old one is gone.
        await BringAsync("run-again");
        Assert.Equal("""{"interval":60}""", await DesiredAsync(client));
    }

    [Fact]
    public async Task Of_a_tenant_that_comes_anew_only_its_shadows_know_what_was_sent()
    {
        var client = await TenantAsync("run-anew");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await BringAsync("run-anew");
        // As the archive of a tenant may have it.
        var author = new ShadowAuthor("configuration", IsDevice: false);
        await cloud.Node.Services.GetRequiredService<ShadowStore>().RunAsync(
            new ShadowWork(new ShadowKey(TenantId.Parse("run-anew"), DeviceId.Parse("d-1"), "config"), ShadowVerb.Update) { Author = author, Request = ShadowRequest.Parse("""{"state":{"desired":{"interval":5}}}"""u8, ShadowLimits.Default).Value }, Cancelled);
        await BringAsync("run-anew");
        Assert.Equal("""{"interval":5}""", await DesiredAsync(client));
        await cloud.Node.Services.GetServices<ITenantContents>().OfType<ShadowContents>().Single().AdoptAsync(TenantId.Parse("run-anew"), Cancelled);
        await BringAsync("run-anew");
        Assert.Equal("""{"interval":60}""", await DesiredAsync(client));
    }

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var client = new StrataClient(cloud.Http, null, tenant);
        await client.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        return client;
    }

    private Task BringAsync(string tenant) => cloud.Node.Services.GetRequiredService<ConfigurationRunner>().RunOnceAsync(TenantId.Parse(tenant), Cancelled);

    private static async Task<string?> DesiredAsync(StrataClient client)
    {
        try
        {
            return (await client.GetShadowAsync("d-1", "config", cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText();
        }
        catch (StrataApiException missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
