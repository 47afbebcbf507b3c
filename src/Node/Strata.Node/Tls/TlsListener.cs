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

/// <summary>API and pages by TLS 1.2 and 1.3, with a certificate that is read again when its files change.</summary>
public static partial class TlsListener
{
    private static readonly List<SslApplicationProtocol> Spoken = [SslApplicationProtocol.Http11];

    /// <summary>Serves the listener's HTTP/1.1 by TLS.</summary>
    /// <exception cref="InvalidDataException">The files cannot be used; the message says why and what to do.</exception>
    public static ListenOptions UseCertificate(this ListenOptions listen, string certificatePath, string keyPath)
    {
        var logger = listen.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Strata.Node.Tls.TlsListener");
        var certificate = new CertificateFile(certificatePath, keyPath, TimeProvider.System, problem => LogNotReadAgain(logger, problem));
        listen.Protocols = HttpProtocols.Http1;
        return listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, ServerCertificateContext = certificate.Current, ApplicationProtocols = Spoken,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            }),
        });
    }

    [LoggerMessage(3401, LogLevel.Error, "{Problem}")]
    private static partial void LogNotReadAgain(ILogger logger, string problem);
}
