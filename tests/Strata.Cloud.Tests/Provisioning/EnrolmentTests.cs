using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Tests.Provisioning;

/// <summary>Devices with a key that is derived from their group's, and the program that a template may ask.</summary>
public abstract class EnrolmentTests(RunningCloud cloud)
{
    private long lastTime = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 300;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_proves_its_derived_key_and_signs_in_with_what_it_gets()
    {
        await ApplyAsync("""  - { name: by-key, order: 10, match: { enrolment: hall }, assign: { name: "k-{registration}", site: hall }, reprovision: keep }""");
        var made = await cloud.Client.PutEnrolmentGroupAsync("hall", new PutEnrolmentGroup(Deny: ["bad*"]), Cancel);
        var key = Convert.FromBase64String(made.Key!);
        Assert.Null((await cloud.Client.PutEnrolmentGroupAsync("hall", new PutEnrolmentGroup(Deny: ["bad*"]), Cancel)).Key); // Shown once.

        var request = Request(key, "hall", "u-1");
        var enrolled = await cloud.Client.EnrolAsync(request, Cancel);
        Assert.Equal(("enrolled", "k-u-1"), (enrolled.Status, enrolled.DeviceId!));
        Assert.Equal(HttpStatusCode.NoContent, await SendAsync("k-u-1", enrolled.Secret!));
        Assert.Equal("hall", (await cloud.Client.GetDeviceAsync("k-u-1", Cancel)).Site);

        // A proof is taken once, holds for minutes, for its own device and request, and only with the key.
        await RefusedAsync(request, HttpStatusCode.Unauthorized, "u-1", "the proof was used before");
        await RefusedAsync(Request(key, "hall", "u-1", minutes: 16), HttpStatusCode.Unauthorized, "u-1", "more than 15 minutes from the node's");
        await RefusedAsync(Request(key, "hall", "u-2") with { Registration = "u-3" }, HttpStatusCode.Unauthorized, "u-3", "not by the device's key");
        await RefusedAsync(Request(key, "hall", "u-2") with { Sku = "another" }, HttpStatusCode.Unauthorized, "u-2", "not by the device's key");
        await RefusedAsync(Request(RandomNumberGenerator.GetBytes(32), "hall", "u-4"), HttpStatusCode.Unauthorized, "u-4", "not by the device's key");
        await RefusedAsync(Request(key, "nowhere", "u-5"), HttpStatusCode.Unauthorized, "u-5", "no such enrolment group");
        await RefusedAsync(Request(key, "hall", "bad-1"), HttpStatusCode.Forbidden, "bad-1", "denied (bad*)");

        // Again: it stays what it is, and gets a new secret; the old one is worth nothing.
        var again = await cloud.Client.EnrolAsync(Request(key, "hall", "u-1"), Cancel);
        Assert.Equal("k-u-1", again.DeviceId);
        Assert.NotEqual(enrolled.Secret, again.Secret);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.NoContent), (await SendAsync("k-u-1", enrolled.Secret!), await SendAsync("k-u-1", again.Secret!)));

        // A new key of the group, and a disabled one, end it.
        var renewed = Convert.FromBase64String((await cloud.Client.RenewEnrolmentKeyAsync("hall", Cancel)).Key!);
        await RefusedAsync(Request(key, "hall", "u-6"), HttpStatusCode.Unauthorized, "u-6", "not by the device's key");
        Assert.Equal("enrolled", (await cloud.Client.EnrolAsync(Request(renewed, "hall", "u-6"), Cancel)).Status);
        await cloud.Client.PutEnrolmentGroupAsync("hall", new PutEnrolmentGroup(Enabled: false), Cancel);
        await RefusedAsync(Request(renewed, "hall", "u-7"), HttpStatusCode.Forbidden, "u-7", "is disabled");

        // A key of the installation that is made anew wraps them anew.
        await cloud.Client.PutEnrolmentGroupAsync("hall", new PutEnrolmentGroup(Enabled: true), Cancel);
        await cloud.Client.RotateInstallationKeyAsync(Cancel);
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal("enrolled", (await cloud.Client.EnrolAsync(Request(renewed, "hall", "u-8"), Cancel)).Status);
    }

    [Fact]
    public async Task A_device_that_brings_its_own_key_gets_a_certificate_for_it()
    {
        await ApplyAsync("""  - { name: by-csr, order: 20, match: { enrolment: csr }, assign: { name: "{registration}" } }""");
        var key = Convert.FromBase64String((await cloud.Client.PutEnrolmentGroupAsync("csr", new PutEnrolmentGroup(), Cancel)).Key!);
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = new CertificateRequest("CN=c-1", own, HashAlgorithmName.SHA256).CreateSigningRequest();
        var enrolled = await cloud.Client.EnrolAsync(Request(key, "csr", "c-1", csr: csr), Cancel);
        using var certificate = X509Certificate2.CreateFromPem(enrolled.Certificate!);
        Assert.Equal(own.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Null(enrolled.Secret);
        Assert.Equal("c-1", (await cloud.Client.ListCertificatesAsync("c-1", cancellationToken: Cancel)).Items.Single().Device);
        // Somebody else's request does not fit the proof.
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var swapped = new CertificateRequest("CN=c-2", other, HashAlgorithmName.SHA256).CreateSigningRequest();
        await RefusedAsync(Request(key, "csr", "c-2", csr: csr) with { Csr = Convert.ToBase64String(swapped) }, HttpStatusCode.Unauthorized, "c-2", "not by the device's key");
    }

    [Theory]
    [InlineData("keep", "old-place", "5m")]
    [InlineData("migrate", "new-place", "5m")]
    [InlineData("reset", "new-place", "10m")]
    [InlineData("never", "old-place", "5m")]
    public async Task What_enrolling_again_does_is_its_template_s_policy(string policy, string site, string heartbeat)
    {
        var group = $"policy-{policy}";
        string Template(string place, string beat) => $$"""  - { name: {{group}}, order: 30, match: { enrolment: {{group}} }, assign: { name: "p-{registration}", site: {{place}}, heartbeat: {{beat}} }, reprovision: {{policy}} }""";
        await ApplyAsync(Template("old-place", "5m"));
        var key = Convert.FromBase64String((await cloud.Client.PutEnrolmentGroupAsync(group, new PutEnrolmentGroup(), Cancel)).Key!);
        await cloud.Client.EnrolAsync(Request(key, group, policy), Cancel);
        await ApplyAsync(Template("new-place", "10m"));
        if (policy == "never")
            await RefusedAsync(Request(key, group, policy), HttpStatusCode.Forbidden, policy, "may not enrol again");
        else
            Assert.NotNull((await cloud.Client.EnrolAsync(Request(key, group, policy), Cancel)).Secret);
        var device = await cloud.Client.GetDeviceAsync($"p-{policy}", Cancel);
        Assert.Equal((site, heartbeat), (device.Site!, $"{device.Heartbeat.TotalMinutes:0}m"));
    }

    [Fact]
    public async Task A_template_s_hook_is_asked_signed_and_what_is_no_clear_yes_is_a_no()
    {
        var key = Convert.FromBase64String((await cloud.Client.PutEnrolmentGroupAsync("hooked", new PutEnrolmentGroup(), Cancel)).Key!);
        var hookKey = Convert.FromBase64String((await cloud.Client.RenewHookKeyAsync(Cancel)).Key);
        var (answer, signed) = ("""{"allow":true,"id":"h-1","site":"allocated","tags":{"by":"hook"}}""", false);
        await using var hook = await TestHook.StartAsync(async context =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync(Cancel);
            var parts = context.Request.Headers["Strata-Signature"].ToString().Split(',');
            var expected = HMACSHA256.HashData(hookKey, Encoding.UTF8.GetBytes($"{parts[0][2..]}.{body}"));
            signed = parts[1] == $"v1={Convert.ToHexStringLower(expected)}" && body.Contains("\"registration\":\"r-1\"", StringComparison.Ordinal);
            if (answer == "slow")
                await new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, context.RequestAborted);
            await context.Response.WriteAsync(answer, Cancel);
        }, Cancel);
        await ApplyAsync($$"""  - { name: hooked, order: 40, match: { enrolment: hooked }, assign: { name: "{registration}" }, hook: { url: "{{hook.Urls.First()}}/allocate", timeout: 500ms } }""");
        Assert.Equal("h-1", (await cloud.Client.EnrolAsync(Request(key, "hooked", "r-1"), Cancel)).DeviceId);
        Assert.True(signed);
        Assert.Equal("allocated", (await cloud.Client.GetDeviceAsync("h-1", Cancel)).Site);

        foreach (var (no, why) in new[] { ("""{"allow":false,"reason":"sold out"}""", "says no: sold out"), ("{}", "says no"), ("no JSON", "no answer"), ("""{"allow":true,"site":"../x"}""", "named no place"), ("slow", "did not answer within 0.5 s") })
        {
            answer = no;
            await RefusedAsync(Request(key, "hooked", "r-2"), no.Contains("allow", StringComparison.Ordinal) && !no.Contains("site", StringComparison.Ordinal) || no == "{}" ? HttpStatusCode.Forbidden : HttpStatusCode.ServiceUnavailable, "r-2", why);
        }
        await hook.StopAsync(Cancel);
        await RefusedAsync(Request(key, "hooked", "r-2"), HttpStatusCode.ServiceUnavailable, "r-2", "cannot be reached");
        Assert.DoesNotContain((await cloud.Client.ListDevicesAsync(cancellationToken: Cancel)).Items, d => d.Id == "r-2");
    }

    /// <summary>A proof, later than the one before.</summary>
    private EnrolRequest Request(byte[] groupKey, string group, string registration, int minutes = 0, byte[]? csr = null)
    {
        var time = Interlocked.Increment(ref lastTime) + (minutes * 60) + (minutes == 0 ? 0 : 300);
        var signature = EnrolmentProof.Sign(EnrolmentProof.KeyOf(groupKey, registration), "main", group, registration, time, null, null, csr is null ? "" : Convert.ToHexStringLower(SHA256.HashData(csr)));
        return new EnrolRequest(group, registration, time, Convert.ToBase64String(signature), Csr: csr is null ? null : Convert.ToBase64String(csr));
    }

    private async Task RefusedAsync(EnrolRequest request, HttpStatusCode status, string subject, string why)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.EnrolAsync(request, Cancel));
        Assert.Equal(status, refused.StatusCode);
        Assert.Contains((await cloud.Client.ListRejectionsAsync(cancellationToken: Cancel)).Items, r => r.Subject == subject && r.Reason.Contains(why, StringComparison.Ordinal));
    }

    private async Task<HttpStatusCode> SendAsync(string device, string secret)
    {
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{device}:{secret}")));
        using var content = new StringContent("""{"n":1}""", Encoding.UTF8, "application/json");
        return (await http.PostAsync($"/api/v1/devices/{device}/telemetry", content, Cancel)).StatusCode;
    }

    private Task<AppliedTemplates> ApplyAsync(string templates) => cloud.Client.ApplyTemplatesAsync($"apiVersion: strata/v1\ntemplates:\n{templates}\n", cancellationToken: Cancel);
}

public sealed class EnrolmentInFilesTests(RunningCloud cloud) : EnrolmentTests(cloud), IClassFixture<RunningCloud>;

public sealed class EnrolmentInPostgresTests(RunningCloudOnPostgres cloud) : EnrolmentTests(cloud), IClassFixture<RunningCloudOnPostgres>;
