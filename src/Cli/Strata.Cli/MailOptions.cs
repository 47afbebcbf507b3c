using System.CommandLine;
using Strata.Cloud;
using Strata.Cloud.Tenancy.Mail;

namespace Strata.Cli;

/// <summary><c>--public-url</c> and <c>--smtp...</c>: what links for people begin with, and the mail server that sends them.</summary>
internal sealed class MailOptions
{
    private readonly Option<string?> publicUrl = new("--public-url") { Description = "Where people reach this node: what links begin with. The address of who has a link made, unless given.", HelpName = "URL" };
    private readonly Option<string?> server = new("--smtp") { Description = "Send invitations, links for new passwords and digests by this mail server; port 587 (465 with --smtp-tls tls) unless given. Needs --public-url and --smtp-from.", HelpName = "HOST[:PORT]" };
    private readonly Option<string?> from = new("--smtp-from") { Description = "Whom mails are from, for example 'Strata <strata@example.com>'.", HelpName = "ADDRESS" };
    private readonly Option<string> tls = new("--smtp-tls") { Description = "starttls (nothing is sent where it is not offered), tls, or none for a server on this machine.", DefaultValueFactory = _ => "starttls" };
    private readonly Option<string?> user = new("--smtp-user") { Description = "The user to sign in as at the mail server.", HelpName = "NAME" };
    private readonly Option<string?> password = new("--smtp-password-file") { Description = "File that holds this user's password, readable by its owner only.", HelpName = "FILE" };
    private readonly Option<int> hour = new("--digest-hour") { Description = "From which hour of the day, UTC, members who asked for it get the digest of the fleet by e-mail.", HelpName = "HOUR", DefaultValueFactory = _ => 6 };
    private readonly Option<string?> ca = new("--smtp-ca") { Description = "PEM file of the authorities that the mail server's certificate must lead to, when they are not the machine's.", HelpName = "FILE" };

    public MailOptions(Command command)
    {
        tls.AcceptOnlyFromAmong("starttls", "tls", "none");
        foreach (var option in (Option[])[publicUrl, server, from, tls, user, password, ca, hour])
            command.Options.Add(option);
    }

    /// <exception cref="CloudConfigurationException">It is no address.</exception>
    public Uri? PublicUrl(ParseResult parsed) => parsed.GetValue(publicUrl) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var url) ? url
        : throw new CloudConfigurationException($"--public-url is '{text}'; it takes http or https, a host and perhaps a port, for example https://strata.example.com.");

    /// <summary>Null: no mail server is given.</summary>
    /// <exception cref="CloudConfigurationException">What is given does not belong together.</exception>
    public SmtpOptions? Smtp(ParseResult parsed)
    {
        var way = parsed.GetValue(tls) switch { "tls" => SmtpTls.Tls, "none" => SmtpTls.None, _ => SmtpTls.StartTls };
        if (parsed.GetValue(server) is not { } text)
        {
            if ((parsed.GetValue(from) ?? parsed.GetValue(user) ?? parsed.GetValue(password) ?? parsed.GetValue(ca)) is not null)
                throw new CloudConfigurationException("--smtp-from, --smtp-user, --smtp-password-file and --smtp-ca belong to --smtp HOST[:PORT].");
            return null;
        }
        if (!Uri.TryCreate($"smtp://{text}", UriKind.Absolute, out var address) || address.Host.Length == 0 || address.PathAndQuery.Trim('/').Length + address.UserInfo.Length > 0)
            throw new CloudConfigurationException($"--smtp is '{text}'; it takes HOST or HOST:PORT, for example mail.example.com:587.");
        return new SmtpOptions
        {
            Host = address.Host.Trim('[', ']'), Port = text.EndsWith($":{address.Port}", StringComparison.Ordinal) ? address.Port : way == SmtpTls.Tls ? 465 : 587, Tls = way,
            From = parsed.GetValue(from) ?? throw new CloudConfigurationException("--smtp needs --smtp-from: the address that mails are from."),
            DigestHour = parsed.GetValue(hour), User = parsed.GetValue(user), PasswordFile = Full(parsed.GetValue(password)), CaFile = Full(parsed.GetValue(ca)),
        };
    }

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
