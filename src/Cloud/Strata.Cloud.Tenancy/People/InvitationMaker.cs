using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Makes links for one person: an invitation, or a new password. Sent by e-mail where a mail server is configured, else in the answer, this once.</summary>
internal sealed class InvitationMaker(PeopleStore people, PeopleOptions options, Outbox outbox, PublicAddress address)
{
    /// <param name="resets">The user whose password is to be chosen anew; null for an invitation.</param>
    /// <param name="showLink">Show it in any case.</param>
    /// <param name="of">The tenant that invites; null for that of the request.</param>
    public Outcome<PeopleChange<PersonalLink>> Make(HttpContext context, string email, string grants, string? resets, bool showLink, DateTimeOffset now, TenantId? of = null)
    {
        var tenant = of ?? context.Access().Tenant;
        var waiting = people.Invitations.Where(i => i.TenantId == tenant.Value).ToList();
        // One link a person: a new one takes the place of the old, and what is too old makes room.
        var replaced = waiting.Where(i => i.Expires <= now || (i.Email == email && i.ResetsUser == resets)).ToList();
        if (waiting.Count - replaced.Count >= options.MaxInvitations)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {options.MaxInvitations:N0} open invitations; withdraw some first.");
        var id = RandomNumberGenerator.GetHexString(12, lowercase: true);
        var code = $"{id}.{DeviceSecrets.Create()}";
        var row = new InvitationRow
        {
            TenantId = tenant.Value, Id = id, CodeHash = DeviceSecrets.Hash(code), Email = email, Grants = grants, ResetsUser = resets, Created = now, CreatedBy = context.User.Name(),
            Expires = now + options.InvitationLimit,
        };
        var (link, isMailed) = (address.Of(context.Request, $"/join?code={code}"), outbox.IsOn && !showLink);
        var mail = isMailed ? outbox.Draft(row, link, now) : default(Outcome<MailRow>?);
        if (mail is { IsOk: false } refused)
            return refused.Problem;
        return new PeopleChange<PersonalLink>(
            new PersonalLink(id, email, isMailed ? null : link, row.Expires, isMailed),
            [(null, row), (null, mail?.Value), .. replaced.SelectMany(people.Without)],
            new PeopleAudit(resets is null ? "invite" : "reset-password", "user", email, null, new { row.Id, grants = GrantText.Read(grants), row.Expires, mailed = isMailed }));
    }
}
