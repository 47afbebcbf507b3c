using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests;

/// <summary>For which hosts a gateway gets a certificate that all devices trust.</summary>
public sealed class GatewayNamesTests : IAsyncLifetime
{
    private readonly MovedCloud cloud = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => cloud.InitializeAsync();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task A_host_s_name_is_one_organisation_s_alone_while_a_certificate_for_it_lasts_over_a_restart_too()
    {
        var (ash, oak) = (await JoinAsync("ash"), await JoinAsync("oak"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(ash, "gw.ash.example", "192.168.1.10"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(ash, "new.ash.example")); // The one before lasts on, and its name with it.
        Assert.Equal(HttpStatusCode.Conflict, await AskAsync(oak, "GW.ash.example"));
        Assert.Equal(HttpStatusCode.Conflict, await AskAsync(oak, "gw.oak.example", "new.ash.example"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(oak, "localhost", "192.168.1.10")); // Each network has its own.

        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal(HttpStatusCode.Conflict, await AskAsync(oak, "gw.ash.example"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(ash, "gw.ash.example"));
        cloud.Time.Offset += TimeSpan.FromDays(20);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(ash, "new.ash.example"));
        cloud.Time.Offset += TimeSpan.FromDays(11); // The one for the other name is over, whatever was renewed meanwhile.
        Assert.Equal(HttpStatusCode.Conflict, await AskAsync(oak, "new.ash.example"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(oak, "gw.ash.example"));
        Assert.Equal(HttpStatusCode.Conflict, await AskAsync(ash, "gw.ash.example"));
    }

    [Fact]
    public async Task A_gateway_gathers_no_more_than_64_names()
    {
        var ash = await JoinAsync("ash");
        for (var i = 0; i < 4; i++)
            Assert.Equal(HttpStatusCode.OK, await AskAsync(ash, [.. Enumerable.Range(0, 16).Select(n => $"h{n}-{i}.example")]));
        Assert.NotEqual(HttpStatusCode.OK, await AskAsync(ash, "one-more.example"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(ash, "h3-2.example"));
    }

    private async Task<JoinResponse> JoinAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var admin = new StrataClient(cloud.Http, null, tenant);
        await admin.ApplyAsync($"apiVersion: strata/v1\nsite: hq\ngateways: [{{id: gw, site: hq}}]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        var token = await admin.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null), Cancelled);
        return await admin.JoinAsync(new JoinRequest(token.Token, "hq", "gw", null, null, null), Cancelled);
    }

    private async Task<HttpStatusCode> AskAsync(JoinResponse gateway, params string[] names)
    {
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{gateway.Tenant}/{gateway.Id}:{gateway.Secret}")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new GatewayCertificateRequest(new CertificateRequest("CN=gw", key, HashAlgorithmName.SHA256).CreateSigningRequestPem(), names);
        using var answer = await http.PostAsJsonAsync($"api/v1/gateways/{gateway.Id}/certificate", request, ContractsJson.Default.GatewayCertificateRequest, Cancelled);
        return answer.StatusCode;
    }
}
