using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
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
    private readonly ReadShadows reads = new();

    /// <summary>Shadows that were read, since it was asked last.</summary>
    internal IReadOnlyList<string> TakeReads()
    {
        var taken = new List<string>();
        while (reads.Ids.TryDequeue(out var id))
            taken.Add(id);
        return taken;
    }

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await QuietAsync();
    }

    /// <summary>It brings nothing by itself until it is started again.</summary>
    public Task QuietAsync() => Node.Services.GetRequiredService<ConfigurationRunner>().StopAsync(CancellationToken.None);

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<IShadowObserver>(reads);

    private sealed class ReadShadows : IShadowObserver
    {
        public ConcurrentQueue<string> Ids { get; } = new();

        public void OnDone(ShadowWork work, ShadowResult result)
        {
            if (work.Verb == ShadowVerb.Read)
                Ids.Enqueue(work.Key.Id);
        }
    }
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
        await WriteAsync("run-anew", "d-1", """{"state":{"desired":{"interval":5}}}""");
        await BringAsync("run-anew");
        Assert.Equal("""{"interval":5}""", await DesiredAsync(client));
        await cloud.Node.Services.GetServices<ITenantContents>().OfType<ShadowContents>().Single().AdoptAsync(TenantId.Parse("run-anew"), Cancelled);
        await BringAsync("run-anew");
        Assert.Equal("""{"interval":60}""", await DesiredAsync(client));
    }

    [Fact]
    public async Task Without_layers_a_configuration_that_somebody_set_outlives_the_node_s_start_and_what_a_layer_left_does_not()
    {
        var client = await TenantAsync("run-free");
        await client.CreateDeviceAsync(new CreateDevice("d-2"), Cancelled);
        await client.UpdateShadowAsync("d-1", """{"state":{"desired":{"interval":5,"net":{"ssid":"hq"}}}}""", "config", cancellationToken: Cancelled);
        await client.UpdateShadowAsync("d-2", """{"state":{"desired":{"led":true}}}""", "config", cancellationToken: Cancelled);
        // A layer was deleted, and the node ended before its devices heard of it.
        await WriteAsync("run-free", "d-2", """{"state":{"desired":{"interval":60,"net":{"ssid":"hq"}}}}""");
        await cloud.StopAsync();
        await cloud.StartAsync();
        await BringAsync("run-free");
        await cloud.QuietAsync();
        client = new StrataClient(cloud.Http, null, "run-free");
        Assert.Equal("""{"interval":5,"net":{"ssid":"hq"}}""", await DesiredAsync(client));
        Assert.Equal("""{"led":true}""", await DesiredAsync(client, "d-2"));
    }

    [Fact]
    public async Task What_a_layer_left_that_could_not_be_taken_away_at_once_is_taken_away_with_the_next_round()
    {
        var client = await TenantAsync("run-late");
        await client.UpdateShadowAsync("d-1", """{"state":{"desired":{"led":true}}}""", "config", cancellationToken: Cancelled);
        await WriteAsync("run-late", "d-1", """{"state":{"desired":{"interval":60}}}""");
        await cloud.Node.Services.GetServices<ITenantContents>().OfType<ShadowContents>().Single().AdoptAsync(TenantId.Parse("run-late"), Cancelled);
        await RegistryAsync("CREATE TRIGGER late BEFORE INSERT ON shadows WHEN NEW.tenant_id = 'run-late' BEGIN SELECT RAISE(ABORT, 'the test lets it fail'); END");
        await BringAsync("run-late");
        Assert.NotNull(cloud.Node.Services.GetRequiredService<ConfigurationRunner>().ProblemOf(TenantId.Parse("run-late"), DeviceId.Parse("d-1")));
        await RegistryAsync("DROP TRIGGER late");
        Assert.Equal("""{"interval":60,"led":true}""", await DesiredAsync(client));
        await BringAsync("run-late");
        Assert.Equal("""{"led":true}""", await DesiredAsync(client));
        Assert.Null(cloud.Node.Services.GetRequiredService<ConfigurationRunner>().ProblemOf(TenantId.Parse("run-late"), DeviceId.Parse("d-1")));
        cloud.TakeReads();
        await BringAsync("run-late");
        Assert.DoesNotContain("d-1/config", cloud.TakeReads());

        async Task RegistryAsync(string sql)
        {
            await using var connection = new SqliteConnection($"Data Source={Path.Combine(cloud.Folder, "registry.db")};Pooling=False");
            await connection.OpenAsync(Cancelled);
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync(Cancelled);
        }
    }

    [Fact]
    public async Task A_configuration_is_anybody_s_to_set_when_its_last_layer_is_gone()
    {
        var client = await TenantAsync("run-ended");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await BringAsync("run-ended");
        await client.DeleteConfigurationLayerAsync("tenant", Cancelled);
        await BringAsync("run-ended");
        Assert.Null(await DesiredAsync(client));
        await client.UpdateShadowAsync("d-1", """{"state":{"desired":{"interval":5}}}""", "config", cancellationToken: Cancelled);
        await BringAsync("run-ended");
        Assert.Equal("""{"interval":5}""", await DesiredAsync(client));
    }

    [Fact]
    public async Task What_a_device_reports_of_its_configuration_has_nothing_brought_to_it()
    {
        var client = await TenantAsync("run-reports");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await BringAsync("run-reports");
        await WriteAsync("run-reports", "d-1", """{"state":{"reported":{"interval":60}}}""", new ShadowAuthor(ShadowAuthor.Device, IsDevice: true));
        cloud.TakeReads();
        await BringAsync("run-reports");
        Assert.DoesNotContain("d-1/config", cloud.TakeReads());
        await WriteAsync("run-reports", "d-1", """{"state":{"desired":{"interval":5}}}""", new ShadowAuthor("ada", IsDevice: false));
        cloud.TakeReads();
        await BringAsync("run-reports");
        Assert.Contains("d-1/config", cloud.TakeReads());
    }

    /// <summary>As the node brought it, unless another is named.</summary>
    private Task<ShadowResult> WriteAsync(string tenant, string device, string request, ShadowAuthor? author = null) => cloud.Node.Services.GetRequiredService<ShadowStore>().RunAsync(
        new ShadowWork(new ShadowKey(TenantId.Parse(tenant), DeviceId.Parse(device), "config"), ShadowVerb.Update)
        {
            Author = author ?? new ShadowAuthor("configuration", IsDevice: false), Request = ShadowRequest.Parse(Encoding.UTF8.GetBytes(request), ShadowLimits.Default).Value,
        },
        Cancelled);

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var client = new StrataClient(cloud.Http, null, tenant);
        await client.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        return client;
    }

    private Task BringAsync(string tenant) => cloud.Node.Services.GetRequiredService<ConfigurationRunner>().RunOnceAsync(TenantId.Parse(tenant), Cancelled);

    private static async Task<string?> DesiredAsync(StrataClient client, string device = "d-1")
    {
        try
        {
            var state = (await client.GetShadowAsync(device, "config", cancellationToken: Cancelled)).State;
            return state.TryGetProperty("desired", out var desired) ? desired.GetRawText() : null;
        }
        catch (StrataApiException missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
