using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// <c>/api/v1/users</c>: the people of a tenant. Managed are those whose whole scope the caller manages; the others are not there. Nobody gives more than he has.
/// </summary>
internal static class ManageUsers
{
    public static IResult List(string? cursor, string? limit, HttpContext context, PeopleStore people, TenancyStore tenancy, TimeProvider time)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var access = context.Access();
        var now = time.GetUtcNow();
        var users = people.Memberships.Where(m => m.TenantId == access.Tenant.Value && IsManaged(access, tenancy, m.Grants)).Select(m => Info(people.FindUser(m.UserId)!, m, people));
        var invited = people.Invitations.Where(i => i.TenantId == access.Tenant.Value && i.Expires > now && IsManaged(access, tenancy, i.Grants))
            .Select(i => new UserInfo(
                i.Email, null, i.ResetsUser is null ? "invited" : "resetting", GrantText.Read(i.Grants), i.Created, i.Id, i.Expires,
                Mail: people.FindMail(i.Id)?.State.ToString().ToLowerInvariant(), MailProblem: people.FindMail(i.Id)?.Problem));
        var items = users.Concat(invited).OrderBy(Key, StringComparer.Ordinal).SkipWhile(u => page.Value.After is not null && string.CompareOrdinal(Key(u), page.Value.After) <= 0)
            .Take(page.Value.Limit + 1).ToList();
        return Results.Json(Paging.ToPage(items, page.Value.Limit, Key), ContractsJson.Default.PageUserInfo);
    }

    public static async Task<IResult> InviteAsync(HttpContext context, PeopleStore people, TenancyStore tenancy, TenantDirectory tenants, InvitationMaker links, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.InviteUser, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (Email.Normal(request.Value.Email) is not { } email)
            return ProblemResults.Of(ProblemKind.Invalid, "An e-mail address is a name, @ and a host, at most 254 characters.", "email");
        var access = context.Access();
        var outcome = await people.ChangeAsync(
            Caller.Of(context),
            now => people.FindMember(access.Tenant, email) is { HomeTenant.Length: > 0 }
                ? new Problem(ProblemKind.Conflict, "This person signs in by the tenant's provider already; what he may do follows from his groups there.", "email")
                : Given(request.Value.Grants, access, tenancy, tenants) is var grants && grants.IsOk
                ? links.Make(context, email, grants.Value, null, request.Value.ShowLink, now)
                : grants.Problem,
            cancellationToken);
        return outcome.ToResult(link => Results.Json(link, ContractsJson.Default.PersonalLink, statusCode: StatusCodes.Status201Created));
    }

    public static async Task<IResult> WithdrawAsync(string id, HttpContext context, PeopleStore people, TenancyStore tenancy, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await people.ChangeAsync<string>(
            Caller.Of(context),
            _ => people.FindInvitation(id) is { } row && row.TenantId == access.Tenant.Value && IsManaged(access, tenancy, row.Grants)
                ? new PeopleChange<string>(id, [.. people.Without(row)], new PeopleAudit("withdraw", "invitation", row.Email, new { row.Id, grants = GrantText.Read(row.Grants) }))
                : new Problem(ProblemKind.NotFound, "There is no such invitation; 'strata users list' shows the ids.", "id"),
            cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    public static async Task<IResult> ChangeAsync(
        string email, HttpContext context, PeopleStore people, PeopleDirectory directory, TenancyStore tenancy, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeUser, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var access = context.Access();
        var outcome = await people.ChangeAsync<UserInfo>(
            Caller.Of(context),
            _ =>
            {
                if (Find(email, access, people, tenancy) is not { } found)
                    return Unknown;
                var grants = found.Member.Grants;
                if (request.Value.Grants is not null)
                {
                    var given = Given(request.Value.Grants, access, tenancy, tenants);
                    if (!given.IsOk)
                        return given.Problem;
                    grants = given.Value;
                }
                var after = found.Member with { Grants = grants, Enabled = request.Value.Enabled ?? found.Member.Enabled };
                return new PeopleChange<UserInfo>(
                    Info(found.User, after, people), [(found.Member, after)], new PeopleAudit("change", "user", found.User.Email, Image(found.Member), Image(after)));
            },
            cancellationToken);
        if (outcome.IsOk)
            directory.End(SessionsOf(people, people.FindMember(access.Tenant, outcome.Value.Email)!, access.Tenant));
        return outcome.ToResult(user => Results.Json(user, ContractsJson.Default.UserInfo));
    }

    public static async Task<IResult> ResetAsync(string email, bool? show, HttpContext context, PeopleStore people, TenancyStore tenancy, InvitationMaker links, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await people.ChangeAsync<PersonalLink>(
            Caller.Of(context),
            now =>
            {
                if (Find(email, access, people, tenancy) is not { } found)
                    return Unknown;
                if (IsOfOthersToo(found.User, access, people) is { } problem)
                    return problem;
                if (found.User.HomeTenant.Length > 0)
                    return new Problem(ProblemKind.Conflict, "The user signs in by the tenant's provider and has no password here.", "email");
                return links.Make(context, found.User.Email, found.Member.Grants, found.User.Id, show == true, now);
            },
            cancellationToken);
        return outcome.ToResult(link => Results.Json(link, ContractsJson.Default.PersonalLink, statusCode: StatusCodes.Status201Created));
    }

    /// <summary>For who has lost the device and the recovery codes; of whom a new password could be given as well.</summary>
    public static async Task<IResult> RemoveSecondFactorAsync(string email, HttpContext context, PeopleStore people, TenancyStore tenancy, SecondFactors factors, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (Find(email, access, people, tenancy) is not { } found)
            return ProblemResults.Of(Unknown);
        if (IsOfOthersToo(found.User, access, people) is { } problem)
            return ProblemResults.Of(problem);
        var removed = await factors.RemoveAsync(found.User, Caller.Of(context), cancellationToken);
        return removed.ToResult(_ => Results.NoContent());
    }

    public static IResult Sessions(string email, HttpContext context, PeopleStore people, PeopleDirectory directory, TenancyStore tenancy)
    {
        var access = context.Access();
        return Find(email, access, people, tenancy) is { } found
            ? Results.Json(new Page<SessionInfo>([.. SessionsOf(people, found.User, access.Tenant).Where(s => !directory.IsOver(s)).OrderByDescending(s => s.LastSeen).Select(s => OwnSessions.Info(s, access.Principal.Id))], null), ContractsJson.Default.PageSessionInfo)
            : ProblemResults.Of(Unknown);
    }

    public static async Task<IResult> EndSessionsAsync(string email, string? id, HttpContext context, PeopleStore people, PeopleDirectory directory, TenancyStore tenancy, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await people.ChangeAsync<List<SessionRow>>(
            Caller.Of(context),
            _ =>
            {
                if (Find(email, access, people, tenancy) is not { } found)
                    return Unknown;
                var ended = SessionsOf(people, found.User, access.Tenant).Where(s => id is null || s.Id == id).ToList();
                if (id is not null && ended.Count == 0)
                    return new Problem(ProblemKind.NotFound, "There is no such session.", "id");
                return new PeopleChange<List<SessionRow>>(
                    ended, [.. ended.Select(s => ((object?)s, (object?)null))], new PeopleAudit("revoke", "session", found.User.Email, new { sessions = ended.Select(s => s.Id) }));
            },
            cancellationToken);
        if (outcome.IsOk)
            directory.End(outcome.Value);
        return outcome.ToResult(_ => Results.NoContent());
    }

    /// <summary>The account of a user of several tenants is not one tenant's to open.</summary>
    private static Problem? IsOfOthersToo(UserRow user, Access access, PeopleStore people) =>
        !access.Principal.IsPlatformOwner && people.Memberships.Any(m => m.UserId == user.Id && m.TenantId != access.Tenant.Value)
            ? new Problem(ProblemKind.Forbidden, "The user belongs to other tenants too; the platform's owner does this.", "email")
            : null;

    private static readonly Problem Unknown = new(ProblemKind.NotFound, "There is no such user; 'strata users list' shows them.", "email");

    private static (UserRow User, MembershipRow Member)? Find(string email, Access access, PeopleStore people, TenancyStore tenancy) =>
        Email.Normal(email) is { } normal && people.FindMember(access.Tenant, normal) is { } user && people.FindMembership(access.Tenant, user.Id) is { } member && IsManaged(access, tenancy, member.Grants)
            ? (user, member)
            : null;

    private static List<SessionRow> SessionsOf(PeopleStore people, UserRow user, TenantId tenant) => [.. people.Sessions.Where(s => s.UserId == user.Id && s.CurrentTenant == tenant.Value)];

    private static bool IsManaged(Access access, TenancyStore tenancy, string grants) =>
        access.Principal.IsPlatformOwner || (tenancy.Find(access.Tenant) is { } image
            && GrantText.Read(grants, image).All(g => !g.Role.IsOfPlatform && access.Principal.ReachOf(Permission.UsersManage).Covers(g.Scope)));

    private static Outcome<string> Given(IReadOnlyList<GrantInfo>? grants, Access access, TenancyStore tenancy, TenantDirectory tenants)
    {
        var parsed = GrantText.Parse(grants, tenancy.Find(access.Tenant)!);
        if (!parsed.IsOk)
            return parsed.Problem;
        if (parsed.Value.Any(g => g.Role.IsOfPlatform && !(access.Tenant == tenants.Default && access.Principal.IsPlatformOwner)))
            return new Problem(ProblemKind.Forbidden, "A role of the platform is given by its owner, in the installation's first tenant.", "role");
        // Beyond the scope of who asks, a place is like one that is not there.
        if (parsed.Value.Any(g => !access.ReachOf(Permission.UsersManage).Covers(g.Scope) && !access.Principal.ReachOf(Permission.UsersManage).Covers(g.Scope)))
            return new Problem(ProblemKind.NotFound, "There is no such place for the caller; name places within its own scope.", "site");
        if (!parsed.Value.All(access.Principal.MayGive))
            return new Problem(ProblemKind.Forbidden, "A user cannot be given more than the caller may do itself.", "role");
        return GrantText.Write([.. parsed.Value.Select(GrantText.Info)]);
    }

    private static UserInfo Info(UserRow user, MembershipRow member, PeopleStore people) =>
        new(user.Email, user.Name, member.Enabled ? "active" : "disabled", GrantText.Read(member.Grants), member.Created, SecondFactor: people.FindSecondFactor(user.Id) is not null);

    private static object Image(MembershipRow member) => new { member.Enabled, grants = GrantText.Read(member.Grants) };

    private static string Key(UserInfo user) => $"{user.Email}/{user.Id}";
}
