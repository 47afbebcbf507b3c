using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Shadows;

public sealed class ConfigurationInFilesTests(ConfigurationCloud cloud) : ConfigurationTests(cloud), IClassFixture<ConfigurationCloud>;

public sealed class ConfigurationInPostgresTests(ConfigurationCloudOnPostgres cloud) : ConfigurationTests(cloud), IClassFixture<ConfigurationCloudOnPostgres>;

/// <summary>A node that looks every second who has come into a group by a query.</summary>
public class ConfigurationCloud : RunningCloud
{
    public ConfigurationCloud()
        : this(null)
    {
    }

    protected ConfigurationCloud(PostgresServer? server)
        : base(server) => Shadows = new() { ConfigurationEvery = TimeSpan.FromSeconds(1) };
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class ConfigurationCloudOnPostgres(PostgresServer server) : ConfigurationCloud(server);

/// <summary>Configuration in layers, as people set it and devices get it.</summary>
public abstract class ConfigurationTests(RunningCloud cloud)
{
    private const string Schema = """{"type":"object","properties":{"interval":{"type":"integer","minimum":10},"led":{"type":"boolean"}},"additionalProperties":false}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Layers_reach_devices_as_what_is_desired_and_say_where_each_value_comes_from()
    {
        var client = await TenantAsync("cfg-layers");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":300,"led":true}""", "defaults", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("site/hq/floor-1", """{"interval":60}""", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("device/d-1", """{"led":null}""", cancellationToken: Cancelled);
        await DesiredAsync(client, "d-1", """{"interval":60}""");
        await DesiredAsync(client, "d-2", """{"interval":300,"led":true}""");
        var effective = await client.GetConfigurationAsync("d-1", Cancelled);
        Assert.Equal("""{"interval":60}""", effective.Configuration.GetRawText());
        Assert.Equal([("/interval", "site/hq/floor-1", "tenant"), ("/led", "device/d-1", "tenant")], effective.Origins.Select(o => (o.Path, o.Layer, string.Join(",", o.Covers))));
        Assert.Equal("from tenant, site/hq/floor-1, device/d-1", (await client.ListShadowChangesAsync("d-1", "config", limit: 1, cancellationToken: Cancelled)).Items[0].Why);
        await client.DeleteConfigurationLayerAsync("site/hq/floor-1", Cancelled);
        await DesiredAsync(client, "d-1", """{"interval":300}""");
        Assert.Equal(HttpStatusCode.Conflict, (await RefusedAsync(() => client.PutConfigurationLayerAsync("tenant", "{}", version: 7, cancellationToken: Cancelled))).StatusCode);
        Assert.Equal(2, (await client.PutConfigurationLayerAsync("tenant", """{"interval":30}""", version: 1, cancellationToken: Cancelled)).Version);
        await DesiredAsync(client, "d-2", """{"interval":30}""");
    }

    [Fact]
    public async Task Who_sets_a_layer_is_told_how_many_devices_it_concerns()
    {
        var client = await TenantAsync("cfg-count");
        await client.PutGroupAsync("few", new SaveGroup(null, "id:d-2", null), Cancelled);
        foreach (var (layer, devices) in ((string, int)[])[("device/d-1", 1), ("device/nope", 0), ("site/hq", 2), ("site/hq/flor-1", 0), ("group/few", 1), ("group/nope", 0), ("tenant", 2)])
            Assert.Equal((layer, devices), (layer, (await client.PutConfigurationLayerAsync(layer, "{}", cancellationToken: Cancelled)).Devices));
        Assert.Null((await client.GetConfigurationLayerAsync("tenant", Cancelled)).Devices);
    }

    [Fact]
    public async Task Applications_and_hooks_of_its_tenant_are_told_of_each_change()
    {
        var (client, other) = (await TenantAsync("cfg-told"), await TenantAsync("cfg-told-other"));
        using var application = await TestApplication.ListenAsync(cloud, (await client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "app"), Cancelled)).Token, "fleet/configuration", Cancelled, "cfg-told");
        var posted = Channel.CreateUnbounded<AuditRecord>();
        await using var receiver = await TestHook.StartAsync(async context => posted.Writer.TryWrite((await context.Request.ReadFromJsonAsync(ContractsJson.Default.AuditRecord, Cancelled))!), Cancelled);
        await client.PutHookAsync("configuration", new SaveHook($"{receiver.Urls.Single()}/hook", ["configuration.*"]), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => client.PutHookAsync("configuration", new SaveHook($"{receiver.Urls.Single()}/hook", ["configuration.chance"]), Cancelled))).StatusCode);
        await other.PutConfigurationLayerAsync("tenant", """{"a":0}""", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("site/hq", """{"a":1}""", "why not", cancellationToken: Cancelled);
        await client.DeleteConfigurationLayerAsync("site/hq", Cancelled);
        await client.ApplyAsync("apiVersion: strata/v1\nconfiguration:\n  layers: [ { layer: tenant, content: { a: 2 } } ]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        foreach (var (action, id) in ((string, string)[])[("change", "site/hq"), ("delete", "site/hq"), ("apply", "file")])
        {
            var (topic, text) = await application.NextAsync(Cancelled);
            var told = JsonSerializer.Deserialize(text, ContractsJson.Default.AuditRecord)!;
            Assert.Equal(("fleet/configuration", "configuration", action, id, "admin", null), (topic, told.Kind, told.Action, told.Id, told.Actor, told.From));
            Assert.Equal(told, await posted.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled));
        }
    }

    [Fact]
    public async Task A_layer_that_is_made_again_counts_on_whoever_deleted_it_and_in_its_tenant_alone()
    {
        var (client, other) = (await TenantAsync("cfg-again"), await TenantAsync("cfg-again-other"));
        Assert.Equal(1, await PutAsync(client));
        await client.DeleteConfigurationLayerAsync("tenant", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => client.GetConfigurationLayerAsync("tenant", Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => client.DeleteConfigurationLayerAsync("tenant", Cancelled))).StatusCode);
        Assert.Empty((await client.ListConfigurationLayersAsync(Cancelled)).Items);
        Assert.Equal(3, await PutAsync(client, 0));
        Assert.Single((await client.ApplyAsync("apiVersion: strata/v1\nconfiguration: {}\n", dryRun: false, prune: true, cancellationToken: Cancelled)).Changes);
        await client.ApplyAsync("apiVersion: strata/v1\nconfiguration:\n  layers: [ { layer: tenant, content: { a: 1 } } ]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        Assert.Equal(5, (await client.GetConfigurationLayerAsync("tenant", Cancelled)).Version);
        Assert.Equal(1, await PutAsync(other));

        static async Task<long> PutAsync(StrataClient of, long? version = null) => (await of.PutConfigurationLayerAsync("tenant", """{"a":1}""", version: version, cancellationToken: Cancelled)).Version;
    }

    [Fact]
    public async Task A_layer_is_deleted_at_the_version_that_was_decided_on_and_at_no_other()
    {
        var client = await TenantAsync("cfg-match");
        await client.PutConfigurationLayerAsync("tenant", """{"a":1}""", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("tenant", """{"a":2}""", cancellationToken: Cancelled);
        foreach (var (match, status) in ((string, HttpStatusCode)[])[("\"1\"", HttpStatusCode.Conflict), ("old", HttpStatusCode.BadRequest), ("\"2\"", HttpStatusCode.NoContent)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, "api/v1/configuration/layers/tenant");
            request.Headers.TryAddWithoutValidation("If-Match", match);
            request.Headers.Add("Strata-Tenant", "cfg-match");
            using var answer = await cloud.Http.SendAsync(request, Cancelled);
            Assert.Equal(status, answer.StatusCode);
        }
        Assert.Empty((await client.ListConfigurationLayersAsync(Cancelled)).Items);
    }

    [Fact]
    public async Task What_does_not_fit_the_model_s_schema_is_refused_before_anything_is_sent()
    {
        var client = await TenantAsync("cfg-schema");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await client.PutConfigurationSchemaAsync("th-2", Schema, Cancelled);
        var refused = await RefusedAsync(() => client.PutConfigurationLayerAsync("site/hq", """{"interval":5}""", cancellationToken: Cancelled));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("would not fit the schema of model 'th-2': It is not what the schema asks for: /interval:", refused.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => client.PutConfigurationLayerAsync("device/d-2", """{"colour":"red"}""", cancellationToken: Cancelled))).StatusCode);
        // What the layer says alone fits; what it comes to with the others does not.
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => client.PutConfigurationSchemaAsync("th-2", """{"required":["led"]}""", Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => client.PutConfigurationSchemaAsync("th-2", """{"$ref":"#"}""", Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => client.PutConfigurationSchemaAsync("th-2", """{"$ref":"http://127.0.0.1:1/x"}""", Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => client.PutConfigurationSchemaAsync("th-2", """{"type":"nonsense"}""", Cancelled))).StatusCode);
        await DesiredAsync(client, "d-2", """{"interval":60}""");
        Assert.Equal(Schema, await client.GetConfigurationSchemaAsync("th-2", Cancelled));
    }

    [Fact]
    public async Task A_group_by_query_is_followed_as_devices_come_into_it_and_leave_it()
    {
        var client = await TenantAsync("cfg-groups");
        await client.PutGroupAsync("slow", new SaveGroup(null, "tag.pace=slow", null), Cancelled);
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("group/slow", """{"interval":900}""", cancellationToken: Cancelled);
        await DesiredAsync(client, "d-1", """{"interval":60}""");
        await client.ChangeDeviceAsync("d-1", new ChangeDevice { Tags = new Dictionary<string, string?> { ["pace"] = "slow" } }, cancellationToken: Cancelled);
        await DesiredAsync(client, "d-1", """{"interval":900}""");
        await client.ChangeDeviceAsync("d-1", new ChangeDevice { Tags = new Dictionary<string, string?> { ["pace"] = null } }, cancellationToken: Cancelled);
        await DesiredAsync(client, "d-1", """{"interval":60}""");
    }

    [Fact]
    public async Task What_somebody_else_makes_of_a_configuration_s_shadow_is_as_the_layers_want_it_again()
    {
        var client = await TenantAsync("cfg-other");
        await client.PutConfigurationLayerAsync("tenant", """{"interval":60}""", cancellationToken: Cancelled);
        await DesiredAsync(client, "d-1", """{"interval":60}""");
        var changed = await client.UpdateShadowAsync("d-1", """{"state":{"desired":{"interval":5,"led":true}}}""", "config", cancellationToken: Cancelled);
        Assert.Equal("""{"interval":5,"led":true}""", changed.State.GetProperty("desired").GetRawText());
        await DesiredAsync(client, "d-1", """{"interval":60}""");
    }

    [Fact]
    public async Task A_file_says_layers_and_schemas_and_all_of_it_holds_or_nothing()
    {
        var client = await TenantAsync("cfg-file");
        const string File = """
            apiVersion: strata/v1
            configuration:
              schemas:
                th-2: { type: object, properties: { interval: { type: integer, minimum: 10 }, led: { type: boolean }, label: { type: string } } }
              layers:
                - { layer: tenant, content: { interval: 300, led: true, label: "5" }, why: defaults }
                - { layer: site/hq/floor-1, content: { interval: 60, led: ~ } }
            """;
        var dry = await client.ApplyAsync(File, dryRun: true, prune: false, cancellationToken: Cancelled);
        Assert.Equal(["+ configuration-schema th-2", "+ configuration tenant", "+ configuration site/hq/floor-1"], dry.Changes.Select(c => $"{c.Action} {c.Kind} {c.Id}"));
        Assert.Empty((await client.ListConfigurationLayersAsync(Cancelled)).Items);
        Assert.Equal(3, (await client.ApplyAsync(File, dryRun: false, prune: false, cancellationToken: Cancelled)).Changes.Count);
        await DesiredAsync(client, "d-1", """{"interval":60,"label":"5"}""");
        Assert.Empty((await client.ApplyAsync(File, dryRun: false, prune: true, cancellationToken: Cancelled)).Changes);

        // One layer does not fit: none of the file holds.
        var wrong = await RefusedAsync(() => client.ApplyAsync(File.Replace("interval: 60", "interval: 70", StringComparison.Ordinal).Replace("interval: 300", "interval: 5", StringComparison.Ordinal), dryRun: false, prune: false, cancellationToken: Cancelled));
        Assert.Contains("would not fit the schema of model 'th-2'", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await client.GetConfigurationLayerAsync("tenant", Cancelled)).Version);
        var place = await RefusedAsync(() => client.ApplyAsync("apiVersion: strata/v1\nconfiguration:\n  layers:\n    - { layer: planet, content: {} }\n", dryRun: true, prune: false, "fleet.yaml", Cancelled));
        Assert.StartsWith("fleet.yaml:4:16: configuration.layers[0].layer: 'planet' is no layer", place.Message, StringComparison.Ordinal);

        var pruned = await client.ApplyAsync("apiVersion: strata/v1\nconfiguration:\n  layers:\n    - { layer: tenant, content: { interval: 30 } }\n", dryRun: false, prune: true, cancellationToken: Cancelled);
        Assert.Equal(["~ configuration tenant", "- configuration site/hq/floor-1", "- configuration-schema th-2"], pruned.Changes.Select(c => $"{c.Action} {c.Kind} {c.Id}"));
        await DesiredAsync(client, "d-1", """{"interval":30}""");
        // However the file is written, nothing of it is passed over; and a fault in it changes no site.
        var flow = await RefusedAsync(() => client.ApplyAsync("""{"apiVersion":"strata/v1","site":"new-site","configuration":{"layers":[{"layer":"planet","content":{}}]}}""", dryRun: false, prune: false, cancellationToken: Cancelled));
        Assert.Contains("'planet' is no layer", flow.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((await client.ListSitesAsync(cancellationToken: Cancelled)).Items, s => s.Path == "new-site");
        // A file without the section takes nothing away.
        Assert.Empty((await client.ApplyAsync("apiVersion: strata/v1\n", dryRun: false, prune: true, cancellationToken: Cancelled)).Changes);
    }

    private static async Task DesiredAsync(StrataClient client, string device, string desired)
    {
        var began = TimeProvider.System.GetTimestamp();
        string? seen = null;
        while (seen != desired)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"Awaited: {device} is to be {desired}. Last seen: {seen}");
            try
            {
                seen = (await client.GetShadowAsync(device, "config", cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText();
            }
            catch (StrataApiException missing) when (missing.StatusCode == HttpStatusCode.NotFound)
            {
                seen = null;
            }
            if (seen != desired)
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancelled);
        }
    }

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var client = new StrataClient(cloud.Http, null, tenant);
        await client.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            children: [ { site: floor-1 }, { site: floor-2 } ]
            devices: [ { id: d-1, site: hq/floor-1, model: th-1 }, { id: d-2, site: hq/floor-2, model: th-2 } ]
            """, dryRun: false, prune: false, cancellationToken: Cancelled);
        return client;
    }

    private static Task<StrataApiException> RefusedAsync(Func<Task> request) => Assert.ThrowsAsync<StrataApiException>(request);
}
