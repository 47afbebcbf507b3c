using MimeKit;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>The way to the mail server by which links are sent to people.</summary>
public sealed class SmtpOptions
{
    /// <summary>Its host name or address.</summary>
    public required string Host { get; init; }

    /// <summary>1 to 65,535; 587 unless given.</summary>
    public int Port { get; init; } = 587;

    /// <summary>How the way there is protected; STARTTLS unless given: a server that does not offer it gets nothing.</summary>
    public SmtpTls Tls { get; init; } = SmtpTls.StartTls;

    /// <summary>PEM: the authorities that its certificate must lead to. Null (the default): those of the machine.</summary>
    public string? CaFile { get; init; }

    /// <summary>Whom mails are from: an address, with a name before it or without.</summary>
    public required string From { get; init; }

    /// <summary>Null (the default): it takes mails of this machine without a sign-in.</summary>
    public string? User { get; init; }

    /// <summary>A file that holds the user's password, readable by its owner only; read again for each connection.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>How long connecting and one mail may take. 1 s to 10 min; 30 s unless given.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait after a try that failed; it doubles each time. 100 ms to 1 h; 30 s unless given.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait between two tries. <see cref="FirstRetry"/> to 1 d; 30 min unless given.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Mails of one tenant within an hour, counted since the start of the node; further ones are refused with 429. 1 to 100,000; 200 unless given.</summary>
    public int MaxHourly { get; init; } = 200;

    /// <summary>From which hour of the day, UTC, the digest of the fleet is sent to members who asked for it. 0 to 23; 6 unless given.</summary>
    public int DigestHour { get; init; } = 6;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(Host.Length is >= 1 and <= 255 && !Host.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)), "--smtp", "HOST or HOST:PORT of the mail server");
        Check(Port is >= 1 and <= 65_535, "--smtp", "HOST:PORT with a port from 1 to 65535");
        Check(MailboxAddress.TryParse(From, out var from) && from.Address.Contains('@') && !From.Any(char.IsControl), "--smtp-from", "the e-mail address that mails are from, for example 'Strata <strata@example.com>'");
        Check((User is null) == (PasswordFile is null), "--smtp-user", "given together with --smtp-password-file, or neither");
        Check(User is null || Tls != SmtpTls.None, "--smtp-tls", "starttls or tls where a password is sent");
        Check(Timeout >= TimeSpan.FromSeconds(1) && Timeout <= TimeSpan.FromMinutes(10), nameof(Timeout), "1 s to 10 min");
        Check(FirstRetry >= TimeSpan.FromMilliseconds(100) && FirstRetry <= TimeSpan.FromHours(1), nameof(FirstRetry), "100 ms to 1 h");
        Check(LongestRetry >= FirstRetry && LongestRetry <= TimeSpan.FromDays(1), nameof(LongestRetry), "from the first retry's wait to 1 d");
        Check(DigestHour is >= 0 and <= 23, "--digest-hour", "an hour of the day, 0 to 23");
        Check(MaxHourly is >= 1 and <= 100_000, nameof(MaxHourly), "1 to 100,000");
        if (PasswordFile is not null)
            _ = ReadPassword(PasswordFile);
    }

    /// <exception cref="ArgumentException">The file cannot be read, is empty, or others may read it.</exception>
    internal static string ReadPassword(string file)
    {
        try
        {
            if ((File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new ArgumentException($"--smtp-password-file: others may read {file}; make it its owner's only: chmod 600 {file}");
            var password = File.ReadAllText(file).TrimEnd('\r', '\n');
            return password.Length > 0 ? password : throw new ArgumentException($"--smtp-password-file: {file} is empty; write the password of --smtp-user into it.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"--smtp-password-file: {file} cannot be read: {e.Message}", e);
        }
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}

/// <summary>See <see cref="SmtpOptions.Tls"/>.</summary>
public enum SmtpTls
{
    /// <summary>TLS on the plain port, required.</summary>
    StartTls,

    /// <summary>TLS from the beginning.</summary>
    Tls,

    /// <summary>None; for a server on this machine.</summary>
    None,
}
