using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Accounts: the first person's, those of invitations, and new passwords.</summary>
internal sealed class Accounts(PeopleStore people, PeopleDirectory directory, Passwords passwords, SignIn signIn, PeopleOptions options, TimeProvider time)
{
    public int MinPasswordLength => options.MinPasswordLength;

    /// <summary>The link's invitation; null when it opens nothing.</summary>
    public InvitationRow? Find(string? code)
    {
        if (code is null || code.Length > DeviceSecrets.MaxLength || code.IndexOf('.') is not (> 0 and <= 16) || people.FindInvitation(code[..code.IndexOf('.')]) is not { } invitation)
            return null;
        return DeviceSecrets.Matches(Encoding.UTF8.GetBytes(code), invitation.CodeHash) && invitation.Expires > time.GetUtcNow() ? invitation : null;
    }

    public JoinKind KindOf(InvitationRow invitation) =>
        invitation.ResetsUser is not null ? JoinKind.NewPassword : people.FindByEmail(invitation.Email) is not null ? JoinKind.KnownUser : JoinKind.NewUser;

    /// <summary>Makes the account of who came by a one-time link, with what the link gave.</summary>
    public async Task<Outcome<UserRow>> WelcomeAsync(SessionRow session, string? email, string? name, string? password, HttpContext context)
    {
        var user = await DraftAsync(email, name, password, context.RequestAborted);
        if (!user.IsOk)
            return user.Problem;
        var tenant = TenantId.Parse(session.CurrentTenant);
        var grants = GrantText.Write([new GrantInfo(session.LinkRole!)]);
        var outcome = await people.ChangeAsync(
            SignIn.CallerOf(context, tenant, user.Value.Email),
            now => people.FindSession(session.Id) is null
                ? new Problem(ProblemKind.Unauthenticated, "The session has ended.")
                : Decide(user.Value, tenant, grants, now, [(session, null)]),
            context.RequestAborted);
        if (outcome.IsOk)
            directory.End([session]);
        return outcome;
    }

    /// <summary>Takes an invitation, or a new password.</summary>
    public async Task<Outcome<UserRow>> JoinAsync(InvitationRow invitation, string? name, string? password, HttpContext context)
    {
        var tenant = TenantId.Parse(invitation.TenantId);
        var caller = SignIn.CallerOf(context, tenant, invitation.Email);
        switch (KindOf(invitation))
        {
            case JoinKind.KnownUser:
                var known = await signIn.CheckAsync(invitation.Email, password, context, context.RequestAborted);
                return !known.IsOk ? known : await people.ChangeAsync(caller, now => IsGone(invitation) is { } gone ? gone : Join(known.Value, invitation, now), context.RequestAborted);
            case JoinKind.NewPassword:
                return await ResetAsync(invitation, password, context);
            default:
                var user = await DraftAsync(invitation.Email, name, password, context.RequestAborted);
                if (!user.IsOk)
                    return user.Problem;
                return await people.ChangeAsync(
                    caller, now => IsGone(invitation) is { } gone ? gone : Decide(user.Value, tenant, invitation.Grants, now, people.Without(invitation)), context.RequestAborted);
        }
    }

    private Problem? IsGone(InvitationRow invitation) =>
        people.FindInvitation(invitation.Id) is null ? new Problem(ProblemKind.NotFound, "This link was used already.") : null;

    private async Task<Outcome<UserRow>> ResetAsync(InvitationRow invitation, string? password, HttpContext context)
    {
        if (passwords.Check(password) is { } problem)
            return problem;
        var hash = await passwords.HashAsync(password!, context.RequestAborted);
        if (!hash.IsOk)
            return hash.Problem;
        var ended = new List<SessionRow>();
        var outcome = await people.ChangeAsync<UserRow>(
            SignIn.CallerOf(context, TenantId.Parse(invitation.TenantId), invitation.Email),
            _ =>
            {
                if (IsGone(invitation) is { } gone)
                    return gone;
                var before = people.FindUser(invitation.ResetsUser!)!;
                var after = before with { PasswordHash = hash.Value };
                ended.AddRange(people.Sessions.Where(s => s.UserId == after.Id));
                return new PeopleChange<UserRow>(
                    after, [(before, after), .. people.Without(invitation), .. ended.Select(s => ((object?)s, (object?)null))], new PeopleAudit("set-password", "user", after.Email));
            },
            context.RequestAborted);
        directory.End(ended);
        return outcome;
    }

    private async Task<Outcome<UserRow>> DraftAsync(string? email, string? name, string? password, CancellationToken cancellationToken)
    {
        if (Email.Normal(email) is not { } login)
            return new Problem(ProblemKind.Invalid, "An e-mail address is a name, @ and a host, at most 254 characters.", "email");
        if (name?.Trim() is not { Length: >= 1 and <= 200 } called || called.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, "A name has 1 to 200 characters without control characters.", "name");
        if (passwords.Check(password) is { } problem)
            return problem;
        var hash = await passwords.HashAsync(password!, cancellationToken);
        if (!hash.IsOk)
            return hash.Problem;
        return new UserRow { Id = RandomNumberGenerator.GetHexString(16, lowercase: true), Email = login, Name = called, PasswordHash = hash.Value, Created = time.GetUtcNow() };
    }

    private Outcome<PeopleChange<UserRow>> Decide(UserRow user, TenantId tenant, string grants, DateTimeOffset now, IEnumerable<(object? Before, object? After)> used)
    {
        if (people.FindByEmail(user.Email) is not null)
            return new Problem(ProblemKind.Conflict, "There is an account of this e-mail address already; sign in with it.", "email");
        if (people.Users >= options.MaxUsers)
            return new Problem(ProblemKind.TooMuch, $"There are {options.MaxUsers:N0} accounts, as many as this installation takes.");
        var member = new MembershipRow { TenantId = tenant.Value, UserId = user.Id, Grants = grants, Created = now };
        return new PeopleChange<UserRow>(user, [(null, user), (null, member), .. used], new PeopleAudit("create", "user", user.Email, null, new { user.Name, grants = GrantText.Read(grants) }));
    }

    private Outcome<PeopleChange<UserRow>> Join(UserRow user, InvitationRow invitation, DateTimeOffset now)
    {
        var before = people.FindMembership(TenantId.Parse(invitation.TenantId), user.Id);
        var member = new MembershipRow { TenantId = invitation.TenantId, UserId = user.Id, Grants = invitation.Grants, Created = before?.Created ?? now };
        return new PeopleChange<UserRow>(
            user, [(before, member), .. people.Without(invitation)],
            new PeopleAudit("join", "user", user.Email, before is null ? null : new { grants = GrantText.Read(before.Grants) }, new { grants = GrantText.Read(member.Grants) }));
    }
}
