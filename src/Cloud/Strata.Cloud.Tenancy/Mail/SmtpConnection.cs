using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>The way to the configured mail server: connects, signs in, sends. One connection for the mails that are due.</summary>
internal sealed class SmtpConnection : IAsyncDisposable
{
    /// <summary>RFC 5280: for servers that are to be known by TLS.</summary>
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly SmtpOptions options;
    private readonly SmtpClient client;

    private SmtpConnection(SmtpOptions options, X509ChainPolicy? trusted)
    {
        this.options = options;
        client = new SmtpClient { Timeout = (int)options.Timeout.TotalMilliseconds, CheckCertificateRevocation = false };
        if (trusted is not null)
        {
            client.ServerCertificateValidationCallback = (_, shown, sent, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == 0 && shown is X509Certificate2 certificate && LeadsTo(trusted, certificate, sent);
        }
    }

    /// <summary>The authorities of a file; null for the machine's.</summary>
    /// <exception cref="InvalidDataException">The file holds none.</exception>
    public static X509ChainPolicy? Trust(SmtpOptions options) => options.CaFile is null ? null : ServerTrust.Of(options.CaFile, "--smtp-ca").CertificateChainPolicy;

    public static async Task<SmtpConnection> OpenAsync(SmtpOptions options, X509ChainPolicy? trusted, CancellationToken cancellationToken)
    {
        var connection = new SmtpConnection(options, trusted);
        try
        {
            await connection.ConnectAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task SendAsync(MimeMessage message, CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        await client.SendAsync(message, limit.Token);
    }

    /// <summary>Whether it is a fault of the server, the way there or the configuration, not of one mail.</summary>
    public static bool IsOfServer(Exception e, CancellationToken stopping) =>
        e is IOException or SocketException or System.Security.Authentication.AuthenticationException or MailKit.Security.AuthenticationException or SslHandshakeException or SmtpProtocolException
            or MailKit.ServiceNotConnectedException or MailKit.ServiceNotAuthenticatedException or NotSupportedException or TimeoutException or UnauthorizedAccessException or ArgumentException
        || (e is SmtpCommandException { ErrorCode: SmtpErrorCode.UnexpectedStatusCode or SmtpErrorCode.SenderNotAccepted })
        || (e is OperationCanceledException && !stopping.IsCancellationRequested);

    public async ValueTask DisposeAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            if (client.IsConnected)
                await client.DisconnectAsync(quit: true, limit.Token);
        }
        catch (Exception e) when (IsOfServer(e, CancellationToken.None) || e is SmtpCommandException)
        {
            // What was sent was sent; the server does not want to hear goodbye.
        }
        client.Dispose();
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        var tls = options.Tls switch { SmtpTls.StartTls => SecureSocketOptions.StartTls, SmtpTls.Tls => SecureSocketOptions.SslOnConnect, _ => SecureSocketOptions.None };
        await client.ConnectAsync(options.Host, options.Port, tls, limit.Token);
        if (options.User is { } user)
            await client.AuthenticateAsync(user, SmtpOptions.ReadPassword(options.PasswordFile!), limit.Token);
    }

    private CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Timeout);
        return limit;
    }

    private static bool LeadsTo(X509ChainPolicy trusted, X509Certificate2 shown, X509Chain? sent)
    {
        var policy = trusted.Clone();
        policy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(ServerAuthentication));
        if (sent is not null)
            policy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        using var chain = new X509Chain { ChainPolicy = policy };
        return chain.Build(shown);
    }
}
