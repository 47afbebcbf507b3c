using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Provisioning;

public sealed class BulkTests(TlsCloud cloud) : IClassFixture<TlsCloud>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_devices_are_one_request_one_transaction_and_one_record()
    {
        await ApplyAsync("""  - { name: bulk, order: 10, match: { sku: BK* }, assign: { name: "{sku}-{serial}", site: hall/bulk, tags: { sku: "{sku}" } } }""");
        var devices = Enumerable.Range(1, 300).Select(i => new DeviceToRegister("BK1", $"S{i:0000}")).ToList();
        var dry = await cloud.Client.RegisterDevicesAsync(new RegisterDevices(devices, DryRun: true), Cancel);
        Assert.Equal((true, 300, "BK1-S0300"), (dry.DryRun, dry.Devices.Count, dry.Devices[^1].Id));
        Assert.Empty((await cloud.Client.ListDevicesAsync(search: "BK1-", cancellationToken: Cancel)).Items);

        var made = await cloud.Client.RegisterDevicesAsync(new RegisterDevices(devices), Cancel);
        Assert.Equal(300, made.Devices.Select(d => d.Secret).Distinct().Count());
        Assert.Equal(300, (await cloud.Client.ListDevicesAsync(search: "BK1-", cancellationToken: Cancel)).Items.Count);
        var record = Assert.Single((await cloud.Client.ListAuditAsync(new AuditQuery(Kind: "devices", Id: "300 devices"), cancellationToken: Cancel)).Items);
        Assert.Contains("\"items\":30", record.Detail, StringComparison.Ordinal); // 300 devices and the two places.
        Assert.Contains("sha256", record.Detail, StringComparison.Ordinal);
        Assert.Empty((await cloud.Client.ListAuditAsync(new AuditQuery(Kind: "device", Id: "BK1-S0007"), cancellationToken: Cancel)).Items);

        // All or none: one that is there already, one that no template matches.
        await RefusedAsync([new("BK1", "S9000"), new("BK1", "S0001")], HttpStatusCode.Conflict, "devices[1].id");
        await RefusedAsync([new("BK1", "S9000"), new("ZZ", "1")], HttpStatusCode.Forbidden, "devices[1]");
        await RefusedAsync([new("BK1", "S9000"), new("BK1", "S9000")], HttpStatusCode.Conflict, "devices[1].id");
        Assert.Empty((await cloud.Client.ListDevicesAsync(search: "S9000", cancellationToken: Cancel)).Items);
    }

    [Fact]
    public async Task Devices_get_certificates_for_their_own_keys_or_for_keys_made_here()
    {
        await ApplyAsync("""  - { name: certified, order: 20, match: { sku: CT }, assign: { name: "{serial}" } }""");
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var made = await cloud.Client.RegisterDevicesAsync(
            new RegisterDevices([new("CT", "own-key", Key: Convert.ToBase64String(own.ExportSubjectPublicKeyInfo())), new("CT", "made-key")], Identity: "certificate"), Cancel);
        Assert.Null(made.Devices[0].Key);
        using var first = X509Certificate2.CreateFromPem(made.Devices[0].Certificate!).CopyWithPrivateKey(own);
        using var second = X509Certificate2.CreateFromPem(made.Devices[1].Certificate!, made.Devices[1].Key!);
        foreach (var (certificate, id) in new[] { (first, "own-key"), (second, "made-key") })
        {
            using var with = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            using var client = await cloud.ConnectAsync(with);
            Assert.True(client is not null && await TlsCloud.PublishAsync(client, $"devices/{id}/telemetry", """{"n":1}"""));
        }
        Assert.Equal(2, (await cloud.Client.ListCertificatesAsync(cancellationToken: Cancel)).Items.Count(c => c.Device.EndsWith("-key", StringComparison.Ordinal)));
        // A key that is none leaves nothing behind.
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.RegisterDevicesAsync(new RegisterDevices([new("CT", "no-key", Key: "AAAA")], Identity: "certificate"), Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "devices[0].key"), (wrong.StatusCode, wrong.Field));
        Assert.Empty((await cloud.Client.ListDevicesAsync(search: "no-key", cancellationToken: Cancel)).Items);
    }

    private async Task RefusedAsync(IReadOnlyList<DeviceToRegister> devices, HttpStatusCode status, string field)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.RegisterDevicesAsync(new RegisterDevices(devices), Cancel));
        Assert.Equal((status, field), (refused.StatusCode, refused.Field));
    }

    private Task<AppliedTemplates> ApplyAsync(string templates) => cloud.Client.ApplyTemplatesAsync($"apiVersion: strata/v1\ntemplates:\n{templates}\n", cancellationToken: Cancel);
}
