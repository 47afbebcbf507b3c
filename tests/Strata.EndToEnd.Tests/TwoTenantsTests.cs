using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Mqtt.Tests.ForeignClients;

namespace Strata.EndToEnd.Tests;

/// <summary>Two tenants that call everything by the same names, by clients we did not write.</summary>
public sealed class TwoTenantsTests(NpmMqtt npm) : IClassFixture<NpmMqtt>
{
    private static readonly string[] Tenants = ["acme", "rival"];

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Npm_s_clients_with_one_client_id_and_one_topic_in_both_do_not_meet(int version)
    {
        npm.Require();
        Tool.Require("node");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var given = new List<string>();
        foreach (var tenant in Tenants)
        {
            var device = await CreateAsync(installation, tenant);
            var token = await ClientOf(installation, tenant).CreateTokenAsync(new CreateToken([new GrantInfo("viewer")]));
            given.Add(JsonSerializer.Serialize(new { tenant, device = device.Id, secret = device.Secret, token = token.Token }));
        }
        var run = await Tool.RunAsync("node", [Path.Combine(NpmMqtt.Folder, "tenants.mjs"), $"{installation.CloudMqttPort}", $"{version}", .. given]);
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        using var said = JsonDocument.Parse(run.Output);
        Assert.Empty(said.RootElement.GetProperty("taken").EnumerateArray());
        Assert.Equal("refused", said.RootElement.GetProperty("strange").GetString());
        foreach (var (tenant, other) in ((string, string)[])[("acme", "rival"), ("rival", "acme")])
        {
            var heard = said.RootElement.GetProperty("heard").GetProperty(tenant).ToString();
            foreach (var own in (string[])[$"first of {tenant}", $"last of {tenant}", "devices/t-1/telemetry", "devices/t-1/note"])
                Assert.Contains(own, heard, StringComparison.Ordinal);
            Assert.DoesNotContain($"of {other}", heard, StringComparison.Ordinal);
            var readings = (await ClientOf(installation, tenant).ListReadingsAsync(new ReadingsQuery { Devices = ["t-1"] })).Items;
            Assert.Equal(["first", "last"], readings.Select(r => r.Metric).Order());
            Assert.All(readings, r => Assert.Equal($"of {tenant}", r.Value.GetString()));
        }
    }

    [Fact]
    public async Task Curl_writes_and_reads_in_its_own_tenant_only()
    {
        Tool.Require("curl");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secrets = new Dictionary<string, string>();
        var tokens = new Dictionary<string, string>();
        foreach (var tenant in Tenants)
        {
            secrets[tenant] = (await CreateAsync(installation, tenant)).Secret;
            tokens[tenant] = (await ClientOf(installation, tenant).CreateTokenAsync(new CreateToken([new GrantInfo("viewer")]))).Token;
        }
        var url = $"{installation.CloudHttp}/api/v1/devices/t-1/telemetry";
        async Task<string> Post(string tenant, string secret) =>
            (await Tool.RunAsync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", $"{tenant}/t-1:{secret}", "-H", "Content-Type: application/json", "-d", $$"""{"note":"of {{tenant}}"}""", url])).Output;
        foreach (var tenant in Tenants)
            Assert.Equal("204", await Post(tenant, secrets[tenant]));
        Assert.Equal("401", await Post("acme", secrets["rival"]));
        async Task<string> Get(string path, string token, params string[] more) =>
            (await Tool.RunAsync("curl", ["-s", "-H", $"Authorization: Bearer {token}", .. more, installation.CloudHttp + path])).Output;
        foreach (var (tenant, other) in ((string, string)[])[("acme", "rival"), ("rival", "acme")])
        {
            var readings = await Get("/api/v1/readings?device=t-1", tokens[tenant]);
            Assert.Contains($"of {tenant}", readings, StringComparison.Ordinal);
            Assert.DoesNotContain($"of {other}", readings, StringComparison.Ordinal);
            // Naming another tenant is answered as naming one that is not there.
            var named = await Get("/api/v1/readings?device=t-1", tokens[tenant], "-H", $"Strata-Tenant: {other}");
            Assert.Equal((await Get("/api/v1/readings?device=t-1", tokens[tenant], "-H", "Strata-Tenant: nowhere")).Replace("nowhere", other, StringComparison.Ordinal), named);
            Assert.DoesNotContain($"of {other}", named, StringComparison.Ordinal);
        }
    }

    private static async Task<DeviceSecret> CreateAsync(Installation installation, string tenant)
    {
        await installation.Client.CreateTenantAsync(new CreateTenant(tenant));
        return await ClientOf(installation, tenant).CreateDeviceAsync(new CreateDevice("t-1"));
    }

    private static StrataClient ClientOf(Installation installation, string tenant) => installation.ClientOf(tenant);
}
