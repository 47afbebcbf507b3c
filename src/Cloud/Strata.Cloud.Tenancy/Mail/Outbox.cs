using System.Text;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>Makes the mails that carry links, where a mail server is configured. Called on the turn of <see cref="PeopleStore.ChangeAsync"/>.</summary>
/// <param name="options">Null: there is no mail server, and links are shown.</param>
internal sealed class Outbox(SealedBox box, SmtpOptions? options)
{
    internal const string LinkPurpose = "mail.link";

    private readonly Dictionary<TenantId, (DateTimeOffset Since, int Mails)> hours = [];

    public bool IsOn => options is not null;

    /// <summary>The mail of an invitation, to be written with it.</summary>
    public Outcome<MailRow> Draft(InvitationRow invitation, string link, DateTimeOffset now)
    {
        var tenant = TenantId.Parse(invitation.TenantId);
        var hour = hours.TryGetValue(tenant, out var counted) && now - counted.Since < TimeSpan.FromHours(1) ? counted : (Since: now, Mails: 0);
        if (hour.Mails >= options!.MaxHourly)
            return new Problem(ProblemKind.TooMuch, $"The tenant has had {options.MaxHourly:N0} mails sent within an hour; wait, or have the link shown in place of a mail.", "email");
        hours[tenant] = (hour.Since, hour.Mails + 1);
        return new MailRow
        {
            TenantId = invitation.TenantId, Id = invitation.Id, Recipient = invitation.Email, Link = box.Seal(LinkPurpose, Encoding.UTF8.GetBytes(link)), State = MailState.Waiting, Due = now,
            Created = now,
        };
    }

    /// <exception cref="System.Security.Cryptography.CryptographicException">The key that sealed it is gone.</exception>
    public string LinkOf(MailRow mail) => Encoding.UTF8.GetString(box.Open(LinkPurpose, mail.Link!));
}
