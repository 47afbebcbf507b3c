using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>Makes the mails, where a mail server is configured. Called on the turn of <see cref="PeopleStore.ChangeAsync"/>.</summary>
/// <param name="options">Null: there is no mail server, and links are shown.</param>
internal sealed class Outbox(SealedBox box, SmtpOptions? options)
{
    internal const string LinkPurpose = "mail.link";

    private const string DigestPurpose = "mail.digest";

    private static readonly TimeSpan DigestIsOfUse = TimeSpan.FromDays(1);

    private readonly Dictionary<TenantId, (DateTimeOffset Since, int Mails)> hours = [];

    public bool IsOn => options is not null;

    /// <summary>The mail of an invitation, to be written with it.</summary>
    public Outcome<MailRow> Draft(InvitationRow invitation, string link, DateTimeOffset now)
    {
        if (Count(TenantId.Parse(invitation.TenantId), now) is { } tooMany)
            return tooMany;
        return new MailRow
        {
            TenantId = invitation.TenantId, Id = invitation.Id, Recipient = invitation.Email, Link = box.Seal(LinkPurpose, Encoding.UTF8.GetBytes(link)), State = MailState.Waiting, Due = now,
            Created = now,
        };
    }

    /// <summary>A member's digest of the day.</summary>
    public Outcome<MailRow> Draft(MembershipRow member, UserRow user, FleetDigest digest, DateTimeOffset now)
    {
        if (Count(TenantId.Parse(member.TenantId), now) is { } tooMany)
            return tooMany;
        return new MailRow
        {
            TenantId = member.TenantId, Id = DigestId(member, now), Recipient = user.Email, Digest = box.Seal(DigestPurpose, JsonSerializer.SerializeToUtf8Bytes(digest)), State = MailState.Waiting, Due = now,
            Created = now, UserId = member.UserId, Until = now + DigestIsOfUse,
        };
    }

    /// <summary>The same for a member through a day.</summary>
    public static string DigestId(MembershipRow member, DateTimeOffset now) =>
        "d" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{member.TenantId}/{member.UserId}/{now.UtcDateTime:yyyy-MM-dd}")))[..15];

    /// <exception cref="CryptographicException">The key that sealed it is gone.</exception>
    public FleetDigest DigestOf(MailRow mail) => JsonSerializer.Deserialize<FleetDigest>(box.Open(DigestPurpose, mail.Digest!))!;

    /// <exception cref="CryptographicException">The key that sealed it is gone.</exception>
    public string LinkOf(MailRow mail) => Encoding.UTF8.GetString(box.Open(LinkPurpose, mail.Link!));

    private Problem? Count(TenantId tenant, DateTimeOffset now)
    {
        var hour = hours.TryGetValue(tenant, out var counted) && now - counted.Since < TimeSpan.FromHours(1) ? counted : (Since: now, Mails: 0);
        if (hour.Mails >= options!.MaxHourly)
            return new Problem(ProblemKind.TooMuch, $"The tenant has had {options.MaxHourly:N0} mails sent within an hour; wait, or have the link shown in place of a mail.", "email");
        hours[tenant] = (hour.Since, hour.Mails + 1);
        return null;
    }
}
