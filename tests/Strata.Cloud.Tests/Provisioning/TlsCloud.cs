using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Provisioning;

/// <summary>A node that serves TLS, and a maker's authority that is registered there.</summary>
public sealed class TlsCloud : RunningCloud
{
    private X509Certificate2? maker;

    public TlsCloud() => Tls = true;

    /// <summary>The maker's authority, proved and trusted by the tenant <c>main</c>.</summary>
    public async Task<X509Certificate2> MakerAsync()
    {
        if (maker is not null)
            return maker;
        maker = Authority("Maker Root");
        await TrustAsync(Client, maker);
        return maker;
    }

    /// <summary>Registers an authority and proves that its key is there.</summary>
    public static async Task TrustAsync(StrataClient client, X509Certificate2 authority)
    {
        var registered = await client.RegisterAuthorityAsync(new CertificatePem(authority.ExportCertificatePem()), TestContext.Current.CancellationToken);
        using var proof = Issue(authority, $"CN={registered.Challenge}");
        await client.ProveAuthorityAsync(registered.Id, new CertificatePem(proof.ExportCertificatePem()), TestContext.Current.CancellationToken);
    }

    public static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(100));
    }

    /// <summary>A leaf with its key.</summary>
    public static X509Certificate2 Issue(X509Certificate2 authority, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var now = TimeProvider.System.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(12);
        serial[0] &= 0x7f;
        using var issued = request.Create(authority, now.AddHours(-1), now.AddDays(30), serial);
        using var with = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(with.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A connected client; null when it was not let in.</summary>
    public async Task<IMqttClient?> ConnectAsync(X509Certificate2 certificate, string? clientId = null)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Node.Mqtts!.Port).WithClientId(clientId ?? Guid.NewGuid().ToString("N")).WithProtocolVersion(MqttProtocolVersion.V500)
            .WithTimeout(TimeSpan.FromSeconds(60)).WithTlsOptions(tls => tls.UseTls().WithCertificateValidationHandler(_ => true).WithClientCertificates([certificate])).Build();
        if ((await client.ConnectAsync(options, TestContext.Current.CancellationToken)).ResultCode == MqttClientConnectResultCode.Success)
            return client;
        client.Dispose();
        return null;
    }

    public static async Task<bool> PublishAsync(IMqttClient client, string topic, string payload) => (await client.PublishAsync(
        new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), TestContext.Current.CancellationToken)).IsSuccess;

    public override async ValueTask DisposeAsync()
    {
        maker?.Dispose();
        await base.DisposeAsync();
    }
}
