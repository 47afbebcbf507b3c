using System.Globalization;
using System.Net;
using MimeKit;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Tenancy.Rows;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>What a mail says: as plain text, and the same as simple HTML. What people typed stands in no header but as encoded text without line ends.</summary>
internal static class MailText
{
    private const int MaxSubject = 200;

    /// <param name="tenantName">For people; whoever may rename a tenant chooses it.</param>
    public static MimeMessage Make(SmtpOptions options, MailRow mail, InvitationRow invitation, string tenantName, string link)
    {
        var until = invitation.Expires.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        var (subject, lead, ask, rest) = invitation.ResetsUser is null
            ? ($"You are invited to {tenantName} on Strata", $"{OneLine(invitation.CreatedBy)} invites you to {OneLine(tenantName)} on Strata.", "Accept the invitation", "If you do not know what this is about, do nothing: without the link nobody gets in.")
            : ("Choose a new password for Strata", $"{OneLine(invitation.CreatedBy)} asked for a new password for your account on Strata.", "Choose a new password", "If you did not ask for it, do nothing: your password stays as it is.");
        var message = Begin(options, mail, subject);
        var good = $"The link opens once, until {until} UTC.";
        message.Body = new Multipart("alternative")
        {
            new TextPart("plain") { Text = $"{lead}\r\n\r\n{ask}: {link}\r\n\r\n{good}\r\n{rest}\r\n" },
            new TextPart("html")
            {
                Text = $"""
                    <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{Html(subject)}</title></head><body style="font:16px/1.5 sans-serif">
                    <p>{Html(lead)}</p><p><a href="{Html(link)}">{ask}</a></p><p>{good}<br>{rest}</p><p style="color:#555">The link, to copy: {Html(link)}</p></body></html>
                    """,
            },
        };
        return message;
    }

    /// <summary>The fleet of a day, for a member who asked for it.</summary>
    /// <param name="link">Where there is more of it.</param>
    public static MimeMessage Make(SmtpOptions options, MailRow mail, FleetDigest digest, string tenantName, string? link)
    {
        var message = Begin(options, mail, $"{tenantName}: {digest.Summary}");
        var rest = $"You asked for this mail on your account's page, where you can stop it.{(link is null ? "" : $" More: {link}")}";
        message.Body = new Multipart("alternative")
        {
            new TextPart("plain") { Text = $"{OneLine(digest.Summary)}\r\n\r\n{string.Concat(digest.Lines.Select(l => $"- {OneLine(l)}\r\n"))}\r\n{rest}\r\n" },
            new TextPart("html")
            {
                Text = $"""
                    <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{Html(tenantName)}</title></head><body style="font:16px/1.5 sans-serif">
                    <p><b>{Html(digest.Summary)}</b></p><ul>{string.Concat(digest.Lines.Select(l => $"<li>{Html(l)}</li>"))}</ul><p style="color:#555">{Html(rest)}</p></body></html>
                    """,
            },
        };
        return message;
    }

    private static MimeMessage Begin(SmtpOptions options, MailRow mail, string subject)
    {
        var from = MailboxAddress.Parse(options.From);
        var message = new MimeMessage();
        message.From.Add(from);
        message.To.Add(new MailboxAddress("", mail.Recipient));
        message.MessageId = $"{mail.Id}.{mail.Created.ToUnixTimeMilliseconds()}@{from.Domain}"; // The same at each try: who gets it twice sees that.
        message.Date = mail.Created;
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Subject = OneLine(subject) is { Length: > MaxSubject } long_ ? long_[..MaxSubject] : OneLine(subject);
        return message;
    }

    /// <summary>Without line ends and other control characters: nothing that is typed begins a line of its own.</summary>
    public static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)]);

    private static string Html(string text) => WebUtility.HtmlEncode(OneLine(text));
}
