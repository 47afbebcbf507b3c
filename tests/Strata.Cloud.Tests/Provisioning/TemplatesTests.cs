using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;
using Strata.Cloud.Provisioning.Templates;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Tests.Provisioning;

public abstract class TemplatesTests(RunningCloud cloud)
{
    private const string File = """
        apiVersion: strata/v1
        templates:
          - name: lora
            order: 10
            match: { sku: "PK-L*", serial: { from: SN0001, to: SN0999 }, subject: { O: Maker* } }
            assign:
              name: "{sku}-{serial}"
              site: garage/level-1
              heartbeat: 1h
              deadband: { occupied: 0.5 }
              tags: { maker: "{subject.O}" }
              powerProfile: lora-2aa
              topics: { publish: [telemetry, health], subscribe: [commands/#] }
            reprovision: migrate
          - name: rest
            approval: true
            assign: { name: "x-{serial}" }
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Templates_come_from_a_file_and_stay_over_a_restart()
    {
        var client = cloud.Client;
        Assert.Equal(["+ lora", "+ rest"], (await client.ApplyTemplatesAsync(File, dryRun: true, cancellationToken: Cancel)).Changes.Select(c => $"{c.Action} {c.Name}"));
        Assert.Empty((await client.ListTemplatesAsync(Cancel)).Items);
        await client.ApplyTemplatesAsync(File, cancellationToken: Cancel);
        Assert.Empty((await client.ApplyTemplatesAsync(File, cancellationToken: Cancel)).Changes);
        await cloud.StopAsync();
        await cloud.StartAsync();
        client = cloud.Client;
        var listed = (await client.ListTemplatesAsync(Cancel)).Items;
        Assert.Equal(["lora", "rest"], listed.Select(t => t.Name));
        Assert.Equal(("migrate", TimeSpan.FromHours(1), "lora-2aa"), (listed[0].Reprovision, listed[0].Assign.Heartbeat!.Value, listed[0].Assign.PowerProfile!));
        Assert.Contains((await client.ListAuditAsync(new AuditQuery(Kind: "template"), cancellationToken: Cancel)).Items, r => r.Action == "apply" && r.After!.Contains("PK-L*", StringComparison.Ordinal));

        var test = await client.TestTemplatesAsync(new TestTemplates(Certificate: Certificate("CN=SN0042, OU=PK-L7, O=Maker Ltd")), Cancel);
        Assert.Equal("lora", test.Chosen);
        Assert.Equal(("PK-L7-SN0042", "garage/level-1", "Maker Ltd"), (test.Result!.Id, test.Result.Site, test.Result.Tags!["maker"]));
        Assert.Null(test.Device.Issuer); // Signed by itself: no authority here.
        test = await client.TestTemplatesAsync(new TestTemplates(Sku: "PK-N1", Serial: "SN0042"), Cancel);
        Assert.Equal("rest", test.Chosen);
        Assert.Equal("its SKU is 'PK-N1', and PK-L* is asked for", test.Templates[0].WhyNot);

        Assert.Equal(["~ lora", "- rest"], (await client.ApplyTemplatesAsync(File[..File.IndexOf("  - name: rest", StringComparison.Ordinal)].Replace("garage", "park", StringComparison.Ordinal), prune: true, cancellationToken: Cancel)).Changes.Select(c => $"{c.Action} {c.Name}"));
        test = await client.TestTemplatesAsync(new TestTemplates(Sku: "PK-N1", Serial: "SN0042"), Cancel);
        Assert.Null(test.Chosen);
        Assert.Contains("No template matches SKU PK-N1", test.Problem, StringComparison.Ordinal);
        await client.DeleteTemplateAsync("lora", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => client.DeleteTemplateAsync("lora", Cancel))).StatusCode);
    }

    [Fact]
    public async Task Two_templates_that_match_alike_are_an_ambiguity_that_the_test_explains()
    {
        const string both = "apiVersion: strata/v1\ntemplates: [{name: a, assign: {name: '{serial}'}}, {name: b, match: {sku: X*}, assign: {name: '{serial}'}}]\n";
        var test = await cloud.Client.TestTemplatesAsync(new TestTemplates(both, Sku: "X1", Serial: "S1"), Cancel);
        Assert.Equal((null, null), (test.Chosen, test.Result));
        Assert.Contains("The templates a and b both match SKU X1, serial number S1 with order 100", test.Problem, StringComparison.Ordinal);
        Assert.Equal("a", (await cloud.Client.TestTemplatesAsync(new TestTemplates(both, Sku: "Y1", Serial: "S1"), Cancel)).Chosen);
    }

    [Fact]
    public async Task Another_tenant_s_templates_are_not_there_and_a_part_of_a_tenant_writes_none()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("other"), Cancel);
        var other = new StrataClient(cloud.Http, null, "other");
        await other.ApplyTemplatesAsync("apiVersion: strata/v1\ntenant: other\ntemplates: [{name: theirs, assign: {name: '{serial}', site: place}}]\n", cancellationToken: Cancel);
        Assert.DoesNotContain((await cloud.Client.ListTemplatesAsync(Cancel)).Items, t => t.Name == "theirs");
        Assert.Null((await cloud.Client.TestTemplatesAsync(new TestTemplates(Serial: "S1"), Cancel)).Templates.FirstOrDefault(t => t.Name == "theirs"));
        await other.CreateDeviceAsync(new CreateDevice("d-1", "place/floor"), Cancel);
        var token = (await other.CreateTokenAsync(new CreateToken([new("operator", ["place/floor"])]), Cancel)).Token;
        using var http = cloud.NewClient();
        var part = new StrataClient(http, token);
        Assert.Empty((await part.ListTemplatesAsync(Cancel)).Items);
    }

    [Theory]
    [InlineData("templates: []", "'apiVersion' is missing; begin the file with 'apiVersion: strata/v1'.")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a}]", "t.yaml:2:13: templates[0].assign: 'assign' is missing")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, assign: {name: '{model}'}}]", "'{model}' is no placeholder")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, match: {skus: x}, assign: {name: x}}]", "unknown field. Did you mean 'sku'?")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, match: {serial: {from: S9, to: S1}}, assign: {name: x}}]", "'S9' comes after 'S1'")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, order: -1, assign: {name: x}}]", "'-1' is no order")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, reprovision: kep, assign: {name: x}}]", "Did you mean 'keep'?")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, hook: {url: 'http://example.com/'}, assign: {name: x}}]", "may not be asked; write https://")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, assign: {name: x, topics: {publish: ['a/#/b']}}}]", "is no topic filter")]
    [InlineData("apiVersion: strata/v1\ntemplates: [{name: a, assign: {name: x}}, {name: a, assign: {name: y}}]", "template 'a' stands in the file twice")]
    public void A_file_that_is_wrong_says_where(string yaml, string message) => Assert.Contains(message, TemplateFileReader.Read("t.yaml", yaml).Problem!.Detail, StringComparison.Ordinal);

    [Fact]
    public void What_a_row_keeps_is_what_the_file_said()
    {
        var read = TemplateFileReader.Read("t.yaml", File.Replace("reprovision: migrate", "reprovision: migrate\n    hook: { url: 'http://127.0.0.1:9/x', timeout: 3s }", StringComparison.Ordinal)).Value!.Templates;
        foreach (var template in read)
        {
            var again = TemplateContent.Read(TemplateContent.Row("main", template, DateTimeOffset.UnixEpoch));
            Assert.Equal(TemplateContent.Row("main", template, DateTimeOffset.UnixEpoch), TemplateContent.Row("main", again, DateTimeOffset.UnixEpoch));
        }
        Assert.Equal(new AllocationHook(new Uri("http://127.0.0.1:9/x"), TimeSpan.FromSeconds(3)), TemplateContent.Read(TemplateContent.Row("main", read[0], DateTimeOffset.UnixEpoch)).Hook);
        Assert.True(read[0].Assign.Topics!.MayPublish("telemetry"));
    }

    private static string Certificate(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(99)).ExportCertificatePem();
    }
}

public sealed class TemplatesInFilesTests(RunningCloud cloud) : TemplatesTests(cloud), IClassFixture<RunningCloud>;

public sealed class TemplatesInPostgresTests(RunningCloudOnPostgres cloud) : TemplatesTests(cloud), IClassFixture<RunningCloudOnPostgres>;
