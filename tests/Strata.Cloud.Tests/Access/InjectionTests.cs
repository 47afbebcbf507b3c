using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Access;

/// <summary>
/// Statements in place of every text that a route, a page, a topic or a payload takes, on a node with PostgreSQL, by those who may do the most. What is taken is kept as text;
/// no setting, policy or role is changed, nothing of the other tenant is touched, and no request fails the node.
/// </summary>
public sealed class InjectionTests(InjectionTests.Injected injected) : IClassFixture<InjectionTests.Injected>
{
    /// <summary>Stands in what <see cref="AttackSurface"/> makes, where the statement is to be.</summary>
    private const string Place = "zzplacezz";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Statements =>
    [
        "x'; SET strata.tenant = 'rival'; --",
        "x'); SELECT set_config('strata.tenant', 'rival', false); --",
        "x' OR tenant_id = 'rival",
        "$$; ALTER TABLE devices DISABLE ROW LEVEL SECURITY; $$",
        "\\'; RESET ALL; ALTER ROLE strata_node BYPASSRLS; --",
        "x\"; DROP POLICY tenant_isolation ON devices; --",
    ];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task In_every_route_s_texts(string statement)
    {
        var before = await injected.RivalAsync();
        var (tried, failed) = (0, new List<string>());
        foreach (var (route, attack) in AttackSurface.Routes.Where(r => !r.Value.IsStream))
        {
            var method = route.Split(' ')[0];
            foreach (var path in attack.Paths(new Target(Place) { Token = Place }))
            {
                var isYaml = path.StartsWith("/api/v1/apply", StringComparison.Ordinal) || path == "/api/v1/templates";
                var body = attack.Body?.Invoke(new Target(Place) { Token = Place });
                body = body?.Replace(Place, isYaml ? statement.Replace("\"", "", StringComparison.Ordinal) : JsonEncodedText.Encode(statement).Value, StringComparison.Ordinal);
                foreach (var credentials in injected.Credentials)
                {
                    tried++;
                    var (status, answer) = await SendAsync(method, path.Replace(Place, Uri.EscapeDataString(statement), StringComparison.Ordinal), body, isYaml, credentials);
                    if ((int)status >= 500 && !attack.MayBeOffline && route != "GET /health/ready")
                        failed.Add($"{route}: {(int)status} {answer[..Math.Min(200, answer.Length)]}");
                }
            }
        }
        Assert.True(failed.Count == 0, string.Join('\n', failed));
        Assert.True(tried > 100, $"Only {tried} requests were tried.");
        await NothingHappenedAsync(before);
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task In_names_that_are_free_text_and_they_are_kept_as_they_were_written(string statement)
    {
        var before = await injected.RivalAsync();
        var acme = injected.ClientOf("acme");
        var number = Guid.NewGuid().ToString("N")[..8];
        await acme.ApplyAsync(
            $"apiVersion: strata/v1\nsite: s-{number}\nname: {Yaml(statement)}\nchildren: [{{site: below, name: {Yaml(statement)}, kind: {Yaml("kind")}}}]\ndevices: [{{id: d-{number}, site: s-{number}, model: {Yaml(statement)}}}]\n",
            dryRun: false, prune: false, cancellationToken: Cancel);
        var token = await acme.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], statement), Cancel);
        await injected.Http.PatchAsync("api/v1/tenants/acme", new StringContent(JsonSerializer.Serialize(new { name = statement }), Encoding.UTF8, "application/json"), Cancel);

        await injected.StopAsync();
        await injected.StartAsync();
        acme = injected.ClientOf("acme");
        Assert.Equal(statement, (await acme.ListDevicesAsync(search: $"d-{number}", cancellationToken: Cancel)).Items.Single(d => d.Id == $"d-{number}").Model);
        Assert.Equal(statement, (await acme.ListTokensAsync(cancellationToken: Cancel)).Items.Single(t => t.Id == token.Id).Name);
        await using var admin = await TestDatabase.OpenAsync(injected.Server.Admin);
        Assert.Equal(["acme"], await Strata.Postgres.Sql.ListAsync(admin, "SELECT DISTINCT tenant_id FROM sites WHERE name = $1", r => r.GetString(0), Cancel, statement));
        Assert.Equal(["acme"], await Strata.Postgres.Sql.ListAsync(admin, "SELECT tenant_id FROM tenants WHERE name = $1", r => r.GetString(0), Cancel, statement));
        await NothingHappenedAsync(before);
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task In_what_devices_and_applications_send_by_MQTT(string statement)
    {
        var before = await injected.RivalAsync();
        var acme = injected.ClientOf("acme");
        var device = await acme.CreateDeviceAsync(new CreateDevice($"d-{Guid.NewGuid():N}"[..12]), Cancel);
        foreach (var (user, secret) in ((string, string)[])[(statement, statement), ($"acme/{statement}", device.Secret), ($"{statement}/{device.Id}", device.Secret)])
            await Assert.ThrowsAnyAsync<MqttCommunicationException>(() => ConnectAsync(statement, user, secret));
        using var client = await ConnectAsync(statement, $"acme/{device.Id}", device.Secret);
        // A text, the name of a metric, a topic: each is taken as it is, or refused.
        var text = await PublishAsync(client, $"devices/{device.Id}/telemetry", JsonSerializer.Serialize(new Dictionary<string, string> { ["note"] = statement }));
        Assert.True(text.IsSuccess, $"{text.ReasonCode} {text.ReasonString}");
        await PublishAsync(client, $"devices/{device.Id}/telemetry", JsonSerializer.Serialize(new Dictionary<string, double> { [statement] = 1 }));
        await PublishAsync(client, $"devices/{device.Id}/telemetry", statement);
        await PublishAsync(client, $"devices/{device.Id}/{statement.Replace("+", "", StringComparison.Ordinal)}", statement);
        await client.DisconnectAsync(cancellationToken: Cancel);
        var kept = (await acme.ListReadingsAsync(new ReadingsQuery { Devices = [device.Id], Metrics = ["note"] }, Cancel)).Items;
        Assert.Equal(statement, Assert.Single(kept).Value.GetString());
        await NothingHappenedAsync(before);
    }

    private async Task NothingHappenedAsync(IReadOnlyDictionary<string, string> before)
    {
        var after = await injected.RivalAsync();
        Assert.Empty(after.Where(t => t.Value != before[t.Key]).Select(t => $"{t.Key} was: {before[t.Key]}; is: {t.Value}"));
        await using var node = await TestDatabase.OpenAsync(injected.Server.Node);
        Assert.DoesNotContain(await CloudDatabase.Schema.VerifyAsync(node, Cancel), f => f.IsFault);
        // The node's own sessions are bound to nobody between their transactions.
        await using var admin = await TestDatabase.OpenAsync(injected.Server.Admin);
        Assert.Empty(await Strata.Postgres.Sql.ListAsync(admin, "SELECT setconfig::text FROM pg_db_role_setting", r => r.GetString(0), Cancel));
        Assert.Equal("onyx", Assert.Single((await injected.ClientOf("rival").ListDevicesAsync(cancellationToken: Cancel)).Items).Id);
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(string method, string path, string? body, bool isYaml, AuthenticationHeaderValue credentials)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = credentials;
        if (!string.IsNullOrEmpty(body))
            request.Content = new StringContent(body, Encoding.UTF8, isYaml ? "application/yaml" : "application/json");
        using var client = injected.NewClient();
        using var response = await client.SendAsync(request, Cancel);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<IMqttClient> ConnectAsync(string clientId, string user, string password)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", injected.Node.Mqtt.Port).WithClientId(clientId).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
            .WithCredentials(user, password).Build();
        var answer = await client.ConnectAsync(options, Cancel);
        if (answer.ResultCode != MqttClientConnectResultCode.Success)
            throw new MqttCommunicationException($"{answer.ResultCode}");
        return client;
    }

    private static Task<MqttClientPublishResult> PublishAsync(IMqttClient client, string topic, string payload) => client.PublishAsync(
        new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancel);

    private static string Yaml(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A node on PostgreSQL with a tenant that attacks and one that has something to lose.</summary>
    public sealed class Injected(PostgresServer server) : RunningCloudOnPostgres(server)
    {
        private string token = "";

        /// <summary>The platform's owner, and the administrator of a tenant.</summary>
        internal AuthenticationHeaderValue[] Credentials => [new("Bearer", Node.AdminToken), new("Bearer", token)];

        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            foreach (var tenant in (string[])["acme", "rival"])
                await Client.CreateTenantAsync(new CreateTenant(tenant));
            await ClientOf("rival").CreateDeviceAsync(new CreateDevice("onyx", Model: "precious"));
            token = (await ClientOf("acme").CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")]))).Token;
        }

        public StrataClient ClientOf(string tenant) => new(Http, null, tenant);

        /// <summary>Everything that the rival has, table by table, but its audit trail's seals, which follow within a second, and what the node itself goes on counting and watching.</summary>
        internal async Task<IReadOnlyDictionary<string, string>> RivalAsync()
        {
            await using var admin = await TestDatabase.OpenAsync(Server.Admin);
            var tables = await Strata.Postgres.Sql.ListAsync(
                admin, "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'audit\\_%' AND c.relname NOT IN ('telemetry_usage', 'telemetry_progress', 'telemetry_tenants', 'fleet_trend', 'device_health')",
                r => r.GetString(0), CancellationToken.None);
            var rows = new Dictionary<string, string>();
            foreach (var table in tables)
                rows[table] = (await Strata.Postgres.Sql.ListAsync(admin, $"SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {table} t WHERE tenant_id = 'rival'", r => r.GetString(0), CancellationToken.None))[0];
            return rows;
        }
    }
}
