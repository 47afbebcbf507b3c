using MQTTnet;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Provisioning;

/// <summary>Devices that nobody has registered, with certificates of authorities that are.</summary>
public sealed class JustInTimeTests(TlsCloud cloud) : IClassFixture<TlsCloud>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_is_registered_in_its_first_connection_by_the_first_template_that_matches()
    {
        var maker = await cloud.MakerAsync();
        await ApplyAsync("""
              - { name: lora, order: 10, match: { issuer: Maker Root, sku: PK-L* }, assign: { name: "{serial}", site: garage/level-1, heartbeat: 1h, tags: { line: "{sku}" }, topics: { publish: [telemetry], subscribe: [commands/#] } } }
              - { name: twice-a, order: 20, match: { sku: TW }, assign: { name: "{serial}" } }
              - { name: twice-b, order: 20, match: { sku: T* }, assign: { name: "{serial}" } }
            """);
        using var certificate = TlsCloud.Issue(maker, "CN=jit-1, OU=PK-L1");
        using (var client = await cloud.ConnectAsync(certificate))
        {
            Assert.NotNull(client);
            Assert.True(await TlsCloud.PublishAsync(client, "devices/jit-1/telemetry", """{"occupied":1}"""));
            // Its topic rules hold from the first moment.
            Assert.False(await TlsCloud.PublishAsync(client, "devices/jit-1/health", """{"battery":90}"""));
            Assert.False(await TlsCloud.PublishAsync(client, "devices/jit-1/note", "x"));
            var subscribed = await client.SubscribeAsync("devices/jit-1/jobs/#", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
            Assert.True((int)subscribed.Items.Single().ResultCode >= 128);
            Assert.True((int)(await client.SubscribeAsync("devices/jit-1/commands/#", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce, Cancel)).Items.Single().ResultCode < 128);
        }
        Assert.Equal(1, (await cloud.Client.CountReadingsAsync("jit-1", Cancel)).Count);
        var device = await cloud.Client.GetDeviceAsync("jit-1", Cancel);
        Assert.Equal(("garage/level-1", "PK-L1", TimeSpan.FromHours(1)), (device.Site!, device.Model!, device.Heartbeat));
        Assert.Contains((await cloud.Client.ListAuditAsync(new AuditQuery(Kind: "device", Id: "jit-1"), cancellationToken: Cancel)).Items, r => r.Actor == "provisioning" && r.Action == "create");

        // The next time it is known; with another certificate of the same maker for the same unit, it is the same device.
        using (var again = await cloud.ConnectAsync(certificate))
            Assert.True(again is not null && await TlsCloud.PublishAsync(again, "devices/jit-1/telemetry", """{"occupied":0}"""));
        using var renewed = TlsCloud.Issue(maker, "CN=jit-1, OU=PK-L1");
        using (var same = await cloud.ConnectAsync(renewed))
            Assert.True(same is not null && await TlsCloud.PublishAsync(same, "devices/jit-1/telemetry", """{"occupied":1}"""));

        // Over a restart its rules and its name hold.
        await cloud.StopAsync();
        await cloud.StartAsync();
        using (var back = await cloud.ConnectAsync(certificate))
        {
            Assert.NotNull(back);
            Assert.False(await TlsCloud.PublishAsync(back, "devices/jit-1/note", "x"));
        }

        // No template, and two alike: refused, and said why.
        using var stranger = TlsCloud.Issue(maker, "CN=jit-2, OU=ZZ");
        Assert.Null(await cloud.ConnectAsync(stranger));
        using var twice = TlsCloud.Issue(maker, "CN=jit-3, OU=TW");
        Assert.Null(await cloud.ConnectAsync(twice));
        var reasons = (await cloud.Client.ListRejectionsAsync(cancellationToken: Cancel)).Items.Select(r => r.Reason).ToList();
        Assert.Contains(reasons, r => r.Contains("No template matches SKU ZZ, serial number jit-2", StringComparison.Ordinal));
        Assert.Contains(reasons, r => r.Contains("The templates twice-a and twice-b both match", StringComparison.Ordinal));
        Assert.DoesNotContain((await cloud.Client.ListDevicesAsync(cancellationToken: Cancel)).Items, d => d.Id is "jit-2" or "jit-3");
    }

    [Fact]
    public async Task A_name_that_is_another_device_s_is_not_taken()
    {
        var maker = await cloud.MakerAsync();
        await ApplyAsync("""  - { name: own-names, order: 30, match: { sku: NM }, assign: { name: "{serial}" } }""");
        await cloud.Client.CreateDeviceAsync(new CreateDevice("by-hand"), Cancel);
        using var certificate = TlsCloud.Issue(maker, "CN=by-hand, OU=NM");
        Assert.Null(await cloud.ConnectAsync(certificate));
        Assert.Contains((await cloud.Client.ListRejectionsAsync(cancellationToken: Cancel)).Items, r => r.Reason.Contains("The id 'by-hand' is another device's", StringComparison.Ordinal));

        // A device that left takes its proof with it: who bears its name later is another one.
        using var first = TlsCloud.Issue(maker, "CN=leaves, OU=NM");
        (await cloud.ConnectAsync(first))!.Dispose();
        await cloud.Client.DeleteDeviceAsync("leaves", Cancel);
        Assert.Null(await cloud.ConnectAsync(first));
    }

    [Fact]
    public async Task One_tenant_s_authority_makes_no_device_of_another()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("theirs"), Cancel);
        var theirs = new StrataClient(cloud.Http, null, "theirs");
        using var authority = TlsCloud.Authority("Their Root");
        await TlsCloud.TrustAsync(theirs, authority);
        await ApplyAsync("""  - { name: open-to-all, order: 40, match: { sku: OP }, assign: { name: "{serial}" } }""");
        using var certificate = TlsCloud.Issue(authority, "CN=crossing, OU=OP");
        Assert.Null(await cloud.ConnectAsync(certificate)); // Its tenant has no template, and the other tenant's is not asked.
        Assert.DoesNotContain((await cloud.Client.ListDevicesAsync(cancellationToken: Cancel)).Items, d => d.Id == "crossing");
        await theirs.ApplyTemplatesAsync("apiVersion: strata/v1\ntemplates: [{name: mine, match: {issuer: Their Root}, assign: {name: '{serial}'}}]\n", cancellationToken: Cancel);
        using (var client = await cloud.ConnectAsync(certificate))
            Assert.NotNull(client);
        Assert.Equal("crossing", Assert.Single((await theirs.ListDevicesAsync(cancellationToken: Cancel)).Items).Id);
        Assert.DoesNotContain((await cloud.Client.ListDevicesAsync(cancellationToken: Cancel)).Items, d => d.Id == "crossing");
    }

    [Fact]
    public async Task A_device_may_wait_for_a_person()
    {
        var maker = await cloud.MakerAsync();
        await ApplyAsync("""  - { name: asked, order: 50, match: { sku: AP }, assign: { name: "{serial}" }, approval: true }""");
        using var certificate = TlsCloud.Issue(maker, "CN=ap-1, OU=AP");
        Assert.Null(await cloud.ConnectAsync(certificate));
        Assert.Null(await cloud.ConnectAsync(certificate));
        var waiting = Assert.Single((await cloud.Client.ListApprovalsAsync(cancellationToken: Cancel)).Items);
        Assert.Equal(("ap-1", "asked", "pending"), (waiting.Device, waiting.Template, waiting.State));
        Assert.Contains("SKU AP, serial number ap-1, by certificate", waiting.Facts, StringComparison.Ordinal);
        await cloud.Client.DecideApprovalAsync(waiting.Id, new DecideApproval("deny"), Cancel);
        Assert.Null(await cloud.ConnectAsync(certificate));
        await cloud.Client.DecideApprovalAsync(waiting.Id, new DecideApproval("approve"), Cancel);
        using var client = await cloud.ConnectAsync(certificate);
        Assert.NotNull(client);
        Assert.Empty((await cloud.Client.ListApprovalsAsync(cancellationToken: Cancel)).Items);
    }

    private Task<AppliedTemplates> ApplyAsync(string templates) => cloud.Client.ApplyTemplatesAsync($"apiVersion: strata/v1\ntemplates:\n{templates}\n", cancellationToken: Cancel);
}
