using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core.Provisioning;
using Strata.Testing;

namespace Strata.Cloud.Tests.Provisioning;

/// <summary>Enrolment by TPM: the sample for devices, with tpm2-tools, against emulated TPMs (swtpm); and answers that must not do.</summary>
public sealed class TpmEnrolmentTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("rsa")]
    [InlineData("ecc")]
    public async Task A_device_enrols_by_its_tpm_and_another_tpm_does_not(string algorithm)
    {
        using var tpm = await EmulatedTpm.StartAsync();
        using var other = await EmulatedTpm.StartAsync();
        var group = $"gate-{algorithm}";
        await PutAsync(group);
        await cloud.Client.AddEndorsementKeysAsync(group, new AddEndorsementKeys([new EndorsementKey($"{algorithm}-7", await tpm.EndorsementKeyAsync(algorithm))]), Cancel);
        Assert.Equal([$"{algorithm}-7"], (await cloud.Client.ListEndorsementKeysAsync(group, cancellationToken: Cancel)).Items.Select(k => k.Registration));

        Assert.Equal((0, $"enrolled as {algorithm}-7\n"), await EnrolAsync(tpm, group, algorithm));
        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(tpm.Folder, "device", "device.crt.pem"), Cancel));
        Assert.Equal(certificate.SerialNumber, (await cloud.Client.ListCertificatesAsync($"{algorithm}-7", cancellationToken: Cancel)).Items.Single().Serial, ignoreCase: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(tpm.Folder, "device", "device.key.pem")));
        // Again: it is still itself, and gets another certificate.
        Assert.Equal((0, $"enrolled as {algorithm}-7\n"), await EnrolAsync(tpm, group, algorithm));

        var (code, output) = await EnrolAsync(other, group, algorithm);
        Assert.Equal((1, true), (code, output.Contains("challenges answered 401: The proof does not hold", StringComparison.Ordinal)));
        Assert.Contains((await cloud.Client.ListRejectionsAsync(cancellationToken: Cancel)).Items, r => r.Reason.Contains("its endorsement key is not known in this group", StringComparison.Ordinal));
        await cloud.Client.RemoveEndorsementKeyAsync(group, $"{algorithm}-7", Cancel);
        Assert.Equal(1, (await EnrolAsync(tpm, group, algorithm)).Code);
    }

    [Fact]
    public async Task Only_what_the_tpm_opened_and_its_attestation_key_signed_is_an_answer_and_once()
    {
        using var tpm = await EmulatedTpm.StartAsync();
        await PutAsync("lists");
        var endorsement = await tpm.EndorsementKeyAsync("rsa");
        await cloud.Client.AddEndorsementKeysAsync("lists", new AddEndorsementKeys([new EndorsementKey("l-1", endorsement)]), Cancel);
        var area = await tpm.AttestationKeyAsync();
        var ask = new AskTpmChallenge("lists", endorsement, Convert.ToBase64String(area));

        // Who knows the public keys gets a challenge, and cannot open it.
        await RefusedAsync(await AnswerAsync(tpm, ask, opened => [.. opened.Select(b => (byte)(b ^ 1))]), "did not open the challenge");
        await RefusedAsync(await AnswerAsync(tpm, ask, sku: "another") with { Sku = "one" }, "is not by its attestation key");
        var answer = await AnswerAsync(tpm, ask);
        Assert.Equal("l-1", (await cloud.Client.AnswerTpmChallengeAsync(answer, Cancel)).DeviceId);
        await RefusedAsync(answer, null);

        await cloud.Client.PutEnrolmentGroupAsync("lists", new PutEnrolmentGroup("tpm", Deny: ["l-*"]), Cancel);
        await RefusedAsync(await AnswerAsync(tpm, ask), "denied (l-*)", HttpStatusCode.Forbidden);
        await cloud.Client.PutEnrolmentGroupAsync("lists", new PutEnrolmentGroup("tpm", Enabled: false), Cancel);
        await RefusedAsync(await AnswerAsync(tpm, ask), "is disabled", HttpStatusCode.Forbidden);
        var late = await AnswerAsync(tpm, ask);
        await cloud.Client.DeleteEnrolmentGroupAsync("lists", Cancel);
        await RefusedAsync(late, null);
        await PutAsync("lists"); // Its keys have gone with it.
        Assert.Empty((await cloud.Client.ListEndorsementKeysAsync("lists", cancellationToken: Cancel)).Items);
    }

    [Fact]
    public async Task Keys_that_cannot_attest_and_damaged_ones_are_refused_with_the_reason()
    {
        using var tpm = await EmulatedTpm.StartAsync();
        var area = await tpm.AttestationKeyAsync();
        Assert.True(TpmPublicArea.Parse(area).Value!.IsAttestationKey);
        for (var length = 0; length < area.Length; length++)
            Assert.False(TpmPublicArea.Parse(area.AsSpan(0, length)).IsOk);
        for (var i = 2; i < area.Length; i++)
        {
            byte[] flipped = [.. area];
            flipped[i] ^= 0xFF;
            // Damaged it is refused, or another key by its name, for which the TPM opens nothing.
            if (TpmPublicArea.Parse(flipped) is { IsOk: true } read)
                Assert.NotEqual(TpmPublicArea.Parse(area).Value!.Name, read.Value.Name);
        }
        var signing = await tpm.SigningKeyAsync();
        var endorsement = await tpm.EndorsementKeyAsync("rsa");
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.AskTpmChallengeAsync(new AskTpmChallenge("none", endorsement, Convert.ToBase64String(signing)), Cancel));
        Assert.Contains("must be a restricted signing key", wrong.Message, StringComparison.Ordinal);

        await PutAsync("keys");
        using var small = RSA.Create(1_024);
        foreach (var (key, says) in new[] { (small.ExportSubjectPublicKeyInfoPem(), "no endorsement key of RSA-2048"), ("none", "no endorsement key of RSA-2048") })
            Assert.Contains(says, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.AddEndorsementKeysAsync("keys", new AddEndorsementKeys([new EndorsementKey("k-1", key)]), Cancel))).Message, StringComparison.Ordinal);
        await cloud.Client.AddEndorsementKeysAsync("keys", new AddEndorsementKeys([new EndorsementKey("k-1", endorsement)]), Cancel);
        var twice = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.AddEndorsementKeysAsync("keys", new AddEndorsementKeys([new EndorsementKey("k-2", endorsement)]), Cancel));
        Assert.Contains("k-1 of the group 'keys' has this key", twice.Message, StringComparison.Ordinal);
    }

    private async Task PutAsync(string group)
    {
        await cloud.Client.PutEnrolmentGroupAsync(group, new PutEnrolmentGroup("tpm"), Cancel);
        await cloud.Client.ApplyTemplatesAsync($$"""
            apiVersion: strata/v1
            templates:
              - { name: by-tpm, order: 90, match: { enrolment: {{group}} }, assign: { name: "{registration}", site: gate } }
            """, cancellationToken: Cancel);
    }

    private async Task<(int Code, string Output)> EnrolAsync(EmulatedTpm tpm, string group, string algorithm) => await tpm.RunAsync(
        Path.Combine(SourceTree.Root, "samples", "device-tpm", "enrol.sh"), [cloud.Node.Address.ToString().TrimEnd('/'), group, Path.Combine(tpm.Folder, "device")], ("EK_ALGORITHM", algorithm));

    private async Task<AnswerTpmChallenge> AnswerAsync(EmulatedTpm tpm, AskTpmChallenge ask, Func<byte[], byte[]>? change = null, string sku = "one")
    {
        var challenge = await cloud.Client.AskTpmChallengeAsync(ask, Cancel);
        var opened = await tpm.OpenAsync(Convert.FromBase64String(challenge.Credential), Convert.FromBase64String(challenge.Secret));
        var signature = await tpm.SignAsync(Encoding.UTF8.GetBytes($"strata-tpm-1\n{challenge.Challenge}\n{sku}\n\n"));
        return new AnswerTpmChallenge(challenge.Challenge, Convert.ToBase64String(change?.Invoke(opened) ?? opened), Convert.ToBase64String(signature), sku);
    }

    private async Task RefusedAsync(AnswerTpmChallenge answer, string? why, HttpStatusCode status = HttpStatusCode.Unauthorized)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.AnswerTpmChallengeAsync(answer, Cancel));
        Assert.Equal(status, refused.StatusCode);
        if (why is not null)
            Assert.Contains((await cloud.Client.ListRejectionsAsync(cancellationToken: Cancel)).Items, r => r.Reason.Contains(why, StringComparison.Ordinal));
    }
}
