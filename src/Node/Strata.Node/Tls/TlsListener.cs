using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Storage;

namespace Strata.Node.Tls;

/// <summary>API, pages and MQTT by TLS 1.2 and 1.3.</summary>
public static partial class TlsListener
{
    private static readonly List<SslApplicationProtocol> Spoken = [SslApplicationProtocol.Http11];

    /// <summary>Of a client's chain nothing is asked here; so it is not looked for among the system's authorities either, which took a fifth of a handshake.</summary>
    private static X509ChainPolicy Unjudged() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true, VerificationFlags = X509VerificationFlags.AllFlags,
    };

    /// <summary>Serves the listener's HTTP/1.1 by TLS, with a certificate that is read again when its files change.</summary>
    /// <exception cref="InvalidDataException">The files cannot be used; the message says why and what to do.</exception>
    public static ListenOptions UseCertificate(this ListenOptions listen, string certificatePath, string keyPath)
    {
        listen.Protocols = HttpProtocols.Http1;
        return listen.UseTls(listen.CertificateOf(certificatePath, keyPath), asksClients: false, Spoken);
    }

    /// <summary>The certificate of these files, read again when they change.</summary>
    /// <exception cref="InvalidDataException">The files cannot be used; the message says why and what to do.</exception>
    public static Func<SslStreamCertificateContext> CertificateOf(this ListenOptions listen, string certificatePath, string keyPath)
    {
        var logger = listen.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Strata.Node.Tls.TlsListener");
        var certificate = new CertificateFile(certificatePath, keyPath, TimeProvider.System, problem => LogNotReadAgain(logger, problem));
        return () => certificate.Current;
    }

    /// <summary>Serves HTTP/1.1 by TLS; clients may show a certificate.</summary>
    public static ListenOptions UseHttpTls(this ListenOptions listen, Func<SslStreamCertificateContext> certificate)
    {
        listen.Protocols = HttpProtocols.Http1;
        return listen.UseTls(certificate, asksClients: true, Spoken);
    }

    /// <summary>Serves what is no HTTP by TLS; clients may show a certificate.</summary>
    public static ListenOptions UseTls(this ListenOptions listen, Func<SslStreamCertificateContext> certificate) => listen.UseTls(certificate, asksClients: true, null);

    /// <summary>
    /// Whom a client's certificate speaks for is judged where it is used, by the directory of certificates, which tells whoever looks why one is refused; here the client proves that it has the key.
    /// </summary>
    private static ListenOptions UseTls(this ListenOptions listen, Func<SslStreamCertificateContext> certificate, bool asksClients, List<SslApplicationProtocol>? protocols) =>
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, ServerCertificateContext = certificate(), ApplicationProtocols = protocols,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck, ClientCertificateRequired = asksClients,
#pragma warning disable CA5359 // It is a client's, who is let in by nothing but the directory of certificates; a server's is never judged here.
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
                CertificateChainPolicy = Unjudged(),
            }),
        });

    [LoggerMessage(3401, LogLevel.Error, "{Problem}")]
    private static partial void LogNotReadAgain(ILogger logger, string problem);
}
