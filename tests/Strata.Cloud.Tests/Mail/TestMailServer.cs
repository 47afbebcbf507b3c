using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.Protocol;
using SmtpServer.Storage;
using Strata.Testing;
using MailService = SmtpServer.ComponentModel.ServiceProvider;

namespace Strata.Cloud.Tests.Mail;

/// <summary>A real SMTP server in this process.</summary>
internal sealed class TestMailServer : IAsyncDisposable
{
    public const string User = "strata";

    public const string Password = "of the mail server";

    private readonly CancellationTokenSource stop = new();
    private readonly Inbox inbox = new();
    private readonly Task serving;

    /// <param name="certificate">With it STARTTLS is offered, and required before a sign-in.</param>
    public TestMailServer(int port, X509Certificate2? certificate = null, bool asksForPassword = false, Func<string, bool>? knows = null)
    {
        var options = new SmtpServerOptionsBuilder().ServerName("localhost").Endpoint(endpoint =>
        {
            endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, port)).AuthenticationRequired(asksForPassword);
            if (certificate is not null)
                endpoint.Certificate(certificate);
        }).Build();
        var services = new MailService();
        services.Add((IMessageStore)inbox);
        services.Add(new DelegatingMailboxFilter((_, _) => true, (_, to, _) => knows?.Invoke($"{to.User}@{to.Host}") != false));
        services.Add((IUserAuthenticator)new DelegatingUserAuthenticator((user, password) => user == User && password == Password));
        var server = new SmtpServer.SmtpServer(options, services);
        server.SessionCreated += (_, session) =>
        {
            Interlocked.Increment(ref sessions);
            session.Context.CommandExecuting += (_, command) => Commands.Enqueue(command.Command.Name);
        };
        serving = server.StartAsync(stop.Token);
    }

    private int sessions;

    public int Sessions => Volatile.Read(ref sessions);

    /// <summary>What clients have asked of it.</summary>
    public ConcurrentQueue<string> Commands { get; } = [];

    public int Delivered => inbox.Count;

    /// <summary>A certificate of the authority. This server does not send the one in between, so that it is added to what clients are given.</summary>
    public static X509Certificate2 Certificate(TestAuthority authority, string folder)
    {
        var (certificate, key) = (Path.Combine(folder, $"{Guid.NewGuid():N}.pem"), Path.Combine(folder, $"{Guid.NewGuid():N}.key"));
        authority.IssueServer(certificate, key);
        var shown = File.ReadAllText(certificate);
        File.AppendAllText(authority.CaFile, $"\n{shown[shown.LastIndexOf("-----BEGIN", StringComparison.Ordinal)..]}");
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>The next mail that was delivered.</summary>
    public Task<MimeMessage> NextAsync() => Deadline.For(inbox.NextAsync(), "a mail");

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        try
        {
            await serving;
        }
        catch (OperationCanceledException)
        {
            // Told to.
        }
        stop.Dispose();
    }

    private sealed class Inbox : MessageStore
    {
        private readonly System.Threading.Channels.Channel<MimeMessage> mails = System.Threading.Channels.Channel.CreateUnbounded<MimeMessage>();
        private int count;

        public int Count => Volatile.Read(ref count);

        public Task<MimeMessage> NextAsync() => mails.Reader.ReadAsync().AsTask();

        public override async Task<SmtpResponse> SaveAsync(ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            using var text = new MemoryStream(buffer.ToArray());
            Interlocked.Increment(ref count);
            await mails.Writer.WriteAsync(await MimeMessage.LoadAsync(text, cancellationToken), cancellationToken);
            return SmtpResponse.Ok;
        }
    }
}
