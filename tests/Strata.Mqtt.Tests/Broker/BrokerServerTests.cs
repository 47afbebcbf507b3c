using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using Strata.Mqtt.Broker;

namespace Strata.Mqtt.Tests.Broker;

/// <summary>The broker as <c>strata broker</c> runs it: names, rules, TLS.</summary>
public sealed class BrokerServerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-broker-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Users_get_in_with_their_password_only_and_a_change_is_taken_up()
    {
        var users = Path.Combine(folder, "users.txt");
        UserFile.Set(users, "ada", "correct horse");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(users));
        await using var server = await BrokerServer.StartAsync(Plain with { UsersFile = users, Engine = engine => engine.MaxFailedLogins = 0 }, TestContext.Current.CancellationToken);
        Assert.Equal(MqttClientConnectResultCode.Success, await ConnectAsync(server, "ada", "correct horse"));
        Assert.Equal(MqttClientConnectResultCode.Success, await ConnectAsync(server, "ada", "correct horse"));
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(server, "ada", "battery staple"));
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(server, "bob", "correct horse"));
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(server, null, null));
        UserFile.Set(users, "ada", "battery staple");
        var result = MqttClientConnectResultCode.UnspecifiedError;
        while (result != MqttClientConnectResultCode.Success)
            result = await ConnectAsync(server, "ada", "battery staple");
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(server, "ada", "correct horse"));
    }

    [Fact]
    public async Task Rules_decide_about_publish_and_subscribe()
    {
        var (users, rules) = (Path.Combine(folder, "users.txt"), Path.Combine(folder, "rules.txt"));
        UserFile.Set(users, "ada", "correct horse");
        await File.WriteAllTextAsync(rules, "allow * publish from/{user}/#\nallow * subscribe to/{user}/#\n", TestContext.Current.CancellationToken);
        await using var server = await BrokerServer.StartAsync(Plain with { UsersFile = users, RulesFile = rules }, TestContext.Current.CancellationToken);
        using var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(Options(server, "ada", "correct horse"), TestContext.Current.CancellationToken);
        Assert.Equal(MqttClientPublishReasonCode.Success, (await client.PublishStringAsync("from/ada/x", "1", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce)).ReasonCode);
        Assert.Equal(MqttClientPublishReasonCode.NotAuthorized, (await client.PublishStringAsync("from/bob/x", "1", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce)).ReasonCode);
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS0, (await client.SubscribeAsync("to/ada/#")).Items.Single().ResultCode);
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, (await client.SubscribeAsync("#")).Items.Single().ResultCode);
    }

    [Fact]
    public async Task Changed_rules_and_users_hold_for_those_who_are_there()
    {
        var (users, rules) = (Path.Combine(folder, "users.txt"), Path.Combine(folder, "rules.txt"));
        UserFile.Set(users, "ada", "correct horse");
        UserFile.Set(users, "bob", "correct horse");
        await File.WriteAllTextAsync(rules, "allow * all #\n", TestContext.Current.CancellationToken);
        await using var server = await BrokerServer.StartAsync(Plain with { UsersFile = users, RulesFile = rules }, TestContext.Current.CancellationToken);
        using var ada = await LogInAsync(server, "ada");
        using var bob = await LogInAsync(server, "bob");
        await ada.SubscribeAsync("#", 0);

        await File.WriteAllTextAsync(rules, "deny ada subscribe secret/#\nallow * all #\n", TestContext.Current.CancellationToken);
        var secrets = 0;
        for (var denied = false; !denied; secrets++)
        {
            // Until the file was read again, both come.
            await bob.SendAsync(Packets.Publish("secret/x", "x", qos: 0));
            await bob.SendAsync(Packets.Publish("open/x", "x", qos: 0));
            denied = (await ada.ReadPublishAsync()).Topic == "open/x";
            if (!denied)
                Assert.Equal("open/x", (await ada.ReadPublishAsync()).Topic);
            Assert.True(secrets < 10_000);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        UserFile.Set(users, "ada", null);
        Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await ada.ReadAsync(14)).Body[0]);
        await bob.PingAsync();
    }

    private static async Task<RawClient> LogInAsync(BrokerServer server, string user)
    {
        var client = await RawClient.OpenAsync(server.Mqtt!.Port);
        await client.SendAsync(new ConnectBuilder { ClientId = user, UserName = user, Password = "correct horse"u8.ToArray() }.Build());
        client.Version = 5;
        Assert.Equal(0, (await client.ReadAsync(2)).Body[1]);
        return client;
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("readable by others")]
    [InlineData("damaged")]
    [InlineData("rules damaged")]
    [InlineData("rules missing")]
    [InlineData("rules unreadable")]
    [InlineData("rules no text")]
    [InlineData("nobody")]
    [InlineData("anonymous everywhere")]
    public async Task What_would_let_in_or_deny_the_wrong_ones_stops_the_start(string fault)
    {
        var (users, rules) = (Path.Combine(folder, "users.txt"), Path.Combine(folder, "rules.txt"));
        if (fault != "missing")
            UserFile.Set(users, "ada", "correct horse");
        if (fault == "readable by others")
            File.SetUnixFileMode(users, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        if (fault == "damaged")
            await File.AppendAllTextAsync(users, "bob:secret\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(rules, fault == "rules damaged" ? "allow everything" : "allow * all #", TestContext.Current.CancellationToken);
        if (fault == "rules no text")
            await File.WriteAllBytesAsync(rules, [.. "allow * all "u8, 0xFF, 0xFE], TestContext.Current.CancellationToken);
        if (fault == "rules unreadable")
            rules = folder; // Not even its owner can read a folder as a file.
        var options = Plain with { UsersFile = users, RulesFile = fault == "rules missing" ? rules + ".no" : rules };
        if (fault == "nobody")
            options = Plain;
        if (fault == "anonymous everywhere")
            options = Plain with { Anonymous = true, Mqtt = new IPEndPoint(IPAddress.Any, 0) };
        await Assert.ThrowsAsync<BrokerConfigurationException>(() => BrokerServer.StartAsync(options, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task No_rules_in_the_file_deny_everything()
    {
        var rules = Path.Combine(folder, "rules.txt");
        await File.WriteAllTextAsync(rules, "", TestContext.Current.CancellationToken);
        await using var server = await BrokerServer.StartAsync(Plain with { Anonymous = true, RulesFile = rules }, TestContext.Current.CancellationToken);
        using var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(Options(server, null, null), TestContext.Current.CancellationToken);
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, (await client.SubscribeAsync("a")).Items.Single().ResultCode);
    }

    [Fact]
    public async Task TLS_wants_a_certificate_of_the_authority_and_a_renewed_one_is_served_without_a_restart()
    {
        using var authority = Authority("ours");
        using var stranger = Authority("theirs");
        var (certificate, key, ca) = (Path.Combine(folder, "s.pem"), Path.Combine(folder, "s.key"), Path.Combine(folder, "ca.pem"));
        var first = WriteServer(authority, certificate, key);
        await File.WriteAllTextAsync(ca, authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await using var server = await BrokerServer.StartAsync(
            new BrokerOptions
            {
                Mqtt = null, Tls = new IPEndPoint(IPAddress.Loopback, 0), CertificateFile = certificate, KeyFile = key, ClientCaFile = ca, Anonymous = true,
                LogLevel = Microsoft.Extensions.Logging.LogLevel.None,
            },
            TestContext.Current.CancellationToken);
        Assert.Equal(first, await HandshakeAsync(server, authority));
        Assert.Null(await HandshakeAsync(server, stranger));
        Assert.Null(await HandshakeAsync(server, null));
        var second = WriteServer(authority, certificate, key);
        File.SetLastWriteTimeUtc(key, File.GetLastWriteTimeUtc(key).AddSeconds(2));
        string? served = first;
        while (served == first)
            served = await HandshakeAsync(server, authority);
        Assert.Equal(second, served);
    }

    [Fact]
    public async Task Who_shows_a_certificate_and_no_user_name_is_its_common_name()
    {
        using var authority = Authority("ours");
        var (certificate, key, ca, rules) = (Path.Combine(folder, "s.pem"), Path.Combine(folder, "s.key"), Path.Combine(folder, "ca.pem"), Path.Combine(folder, "rules.txt"));
        WriteServer(authority, certificate, key);
        await File.WriteAllTextAsync(ca, authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(rules, "allow * all {user}/#\n", TestContext.Current.CancellationToken);
        await using var server = await BrokerServer.StartAsync(
            Plain with { Tls = new IPEndPoint(IPAddress.Loopback, 0), CertificateFile = certificate, KeyFile = key, ClientCaFile = ca, RulesFile = rules },
            TestContext.Current.CancellationToken);
        using var shown = Issue(authority, "meter-7", "1.3.6.1.5.5.7.3.2");
        using var tcp = new TcpClient();
        await using var tls = await OpenTlsAsync(tcp, server, shown);
        await tls.WriteAsync(new ConnectBuilder { ClientId = "c" }.Build());
        Assert.Equal(0, (await ReadAsync(tls))[1]);
        await tls.WriteAsync(Packets.Publish("meter-7/x", "1", 1));
        await tls.WriteAsync(Packets.Publish("meter-8/x", "1", 2));
        Assert.Equal([0, 1], await ReadAsync(tls));
        Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await ReadAsync(tls))[2]);

        // Without TLS there is no certificate, and nobody has a password.
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(server, null, null));
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(server, "meter-7", ""));
    }

    private static BrokerOptions Plain => new() { Mqtt = new IPEndPoint(IPAddress.Loopback, 0), LogLevel = Microsoft.Extensions.Logging.LogLevel.None };

    private static MqttClientOptions Options(BrokerServer server, string? user, string? password)
    {
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", server.Mqtt!.Port).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
            .WithTimeout(TimeSpan.FromSeconds(20));
        return (user is null ? options : options.WithCredentials(user, password)).Build();
    }

    private static async Task<MqttClientConnectResultCode> ConnectAsync(BrokerServer server, string? user, string? password)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        return (await client.ConnectAsync(Options(server, user, password), TestContext.Current.CancellationToken)).ResultCode;
    }

    /// <summary>Connects with TLS and MQTT; gives the serial number of the server's certificate, or null when the server refuses.</summary>
    private static async Task<string?> HandshakeAsync(BrokerServer server, X509Certificate2? clientAuthority)
    {
        using var tcp = new TcpClient();
        using var certificate = clientAuthority is null ? null : Issue(clientAuthority, "client", "1.3.6.1.5.5.7.3.2");
        try
        {
            await using var tls = await OpenTlsAsync(tcp, server, certificate);
            await tls.WriteAsync(new ConnectBuilder { ClientId = "c" }.Build());
            var answer = new byte[4];
            return await Deadline.For(tls.ReadAtLeastAsync(answer, 4, throwOnEndOfStream: false).AsTask(), "CONNACK") == 4 && answer[3] == 0
                ? tls.RemoteCertificate!.GetSerialNumberString()
                : null;
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    private static async Task<SslStream> OpenTlsAsync(TcpClient tcp, BrokerServer server, X509Certificate2? certificate)
    {
        await tcp.ConnectAsync(server.Tls!);
        var tls = new SslStream(tcp.GetStream(), false, static (_, shown, _, _) => shown?.Issuer == "CN=ours");
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost", ClientCertificates = certificate is null ? null : [certificate],
            LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
        });
        return tls;
    }

    /// <summary>The body of a short packet.</summary>
    private static async Task<byte[]> ReadAsync(SslStream tls)
    {
        var head = new byte[2];
        await Deadline.For(tls.ReadExactlyAsync(head).AsTask(), "a packet");
        var body = new byte[head[1]];
        await Deadline.For(tls.ReadExactlyAsync(body).AsTask(), "a packet");
        return body;
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, string purpose)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var issued = request.Create(
            authority, TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1), RandomNumberGenerator.GetBytes(8));
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    private static string WriteServer(X509Certificate2 authority, string certificatePath, string keyPath)
    {
        using var certificate = Issue(authority, "localhost", "1.3.6.1.5.5.7.3.1");
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return certificate.SerialNumber;
    }
}
