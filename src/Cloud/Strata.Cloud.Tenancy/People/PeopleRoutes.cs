using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.Providers;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Maps pages and API of people.</summary>
internal static class PeopleRoutes
{
    public static void MapPeople(this IEndpointRouteBuilder routes, IEndpointRouteBuilder api)
    {
        routes.MapPost("/login", LoginForms.LogInAsync).IsOpen("the password is the proof").ExcludeFromDescription();
        routes.MapGet(ProviderSignIn.CallbackPath, (string? code, string? state, string? iss, string? error, HttpContext context, ProviderSignIn provider) => provider.CallbackAsync(code, state, iss, error, context))
            .IsOpen("what the provider signed is the proof").ExcludeFromDescription();
        routes.MapGet("/login/provider", (string? tenant, string? returnUrl, HttpContext context, ProviderSignIn provider) => provider.BeginAsync(tenant, returnUrl, context))
            .IsOpen("leads to the provider, which asks for the proof").ExcludeFromDescription();
        routes.MapPost("/login/second-factor", SecondFactorForms.AnswerAsync).IsOpen("password and code are the proof").ExcludeFromDescription();
        routes.MapPost("/login/second-factor/set-up", SecondFactorForms.SetUpAtSignInAsync).IsOpen("the password is the proof").ExcludeFromDescription();
        routes.MapGet("/account/second-factor", SecondFactorForms.Show).RequiresPerson().ExcludeFromDescription();
        routes.MapPost("/account/second-factor", SecondFactorForms.ChangeAsync).RequiresPerson().ExcludeFromDescription();
        routes.MapGet("/account/provider", ProviderLinkForms.Show).RequiresPerson().ExcludeFromDescription();
        routes.MapPost("/account/provider", ProviderLinkForms.ChangeAsync).RequiresPerson().ExcludeFromDescription();
        routes.MapGet("/welcome", LoginForms.Welcome).RequiresPerson().ExcludeFromDescription();
        routes.MapPost("/welcome", LoginForms.WelcomeAsync).RequiresPerson().ExcludeFromDescription();
        routes.MapGet("/join", LoginForms.Join).IsOpen("the link is the proof").ExcludeFromDescription();
        routes.MapPost("/join", LoginForms.JoinAsync).IsOpen("the link is the proof").ExcludeFromDescription();
        routes.MapPost("/enter", EnterTenant.FormAsync).RequiresPerson().ExcludeFromDescription();
        api.MapGet("/me", OwnAccount.Get).RequiresCaller().AcceptsOnly().WithName("GetMe").WithTags("People")
            .WithSummary("Who calls, in which tenant, and what it may do there").Produces<MeInfo>();
        api.MapPost("/me/password", OwnAccount.ChangePasswordAsync).RequiresPerson().AcceptsOnly().WithName("ChangePassword").WithTags("People")
            .WithSummary("A new password; the caller's other sessions end").Accepts<ChangePassword>("application/json").Produces(StatusCodes.Status204NoContent);
        api.MapPut("/me/digest", OwnAccount.SetDigestAsync).RequiresPerson().AcceptsOnly().WithName("SetDigest").WithTags("People")
            .WithSummary("Starts or stops the daily digest of the fleet by e-mail").Accepts<SetDigest>("application/json").Produces(StatusCodes.Status204NoContent);
        api.MapPost("/login", OwnSessions.LogInAsync).IsOpen("the password is the proof").AcceptsOnly().WithName("LogIn").WithTags("People")
            .WithSummary("Signs a person in; the session is in the cookie of the answer").Accepts<LoginRequest>("application/json").Produces<LoginInfo>();
        api.MapGet("/sessions", OwnSessions.List).RequiresPerson().AcceptsOnly().WithName("ListSessions").WithTags("People")
            .WithSummary("The caller's own sessions").Produces<Page<SessionInfo>>();
        api.MapDelete("/sessions/{id}", OwnSessions.RevokeAsync).RequiresPerson().AcceptsOnly().WithName("RevokeSession").WithTags("People")
            .WithSummary("Ends one of the caller's own sessions at once").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/sessions/tenant", EnterTenant.HandleAsync).RequiresPerson().AcceptsOnly().WithName("SwitchTenant").WithTags("People")
            .WithSummary("Goes on in another tenant of the caller's; as the platform's owner in any").Accepts<SwitchTenant>("application/json").Produces<LoginInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/users", ManageUsers.List).Requires(Permission.UsersManage).AcceptsOnly("cursor", "limit").WithName("ListUsers").WithTags("People")
            .WithSummary("Users of the tenant and invitations that wait").Produces<Page<UserInfo>>();
        api.MapPost("/users/invitations", ManageUsers.InviteAsync).Requires(Permission.UsersManage).AcceptsOnly().WithName("InviteUser").WithTags("People")
            .WithSummary("An invitation; its link is shown once, or sent by e-mail").Accepts<InviteUser>("application/json").Produces<PersonalLink>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/users/invitations/{id}", ManageUsers.WithdrawAsync).Requires(Permission.UsersManage).AcceptsOnly().WithName("WithdrawInvitation").WithTags("People")
            .WithSummary("Withdraws an invitation or a link for a new password").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPatch("/users/{email}", ManageUsers.ChangeAsync).Requires(Permission.UsersManage).AcceptsOnly().WithName("ChangeUser").WithTags("People")
            .WithSummary("Lets a user in or not, and what he may do").Accepts<ChangeUser>("application/json").Produces<UserInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/users/{email}/password-link", ManageUsers.ResetAsync).Requires(Permission.UsersManage).AcceptsOnly("show").WithName("ResetPassword").WithTags("People")
            .WithSummary("A link by which the user chooses a new password, shown once or sent by e-mail").Produces<PersonalLink>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/users/{email}/second-factor", ManageUsers.RemoveSecondFactorAsync).Requires(Permission.UsersManage).AcceptsOnly().WithName("RemoveSecondFactor").WithTags("People")
            .WithSummary("Switches off the second factor of a user who has lost it").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/sign-in", SignInRules.Get).Requires(Permission.UsersManage).AcceptsOnly().WithName("GetSignInRules").WithTags("People")
            .WithSummary("How people sign in to the tenant").Produces<SignInRulesInfo>();
        api.MapPatch("/sign-in", SignInRules.ChangeAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("ChangeSignInRules").WithTags("People")
            .WithSummary("Changes how people sign in to the tenant").Accepts<ChangeSignInRules>("application/json").Produces<SignInRulesInfo>().ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPut("/sign-in/provider", ManageProvider.SetAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("SetSignInProvider").WithTags("People")
            .WithSummary("Sets the OpenID Connect provider of the tenant").Accepts<SetSignInProvider>("application/json").Produces<SignInProvider>();
        api.MapDelete("/sign-in/provider", ManageProvider.RemoveAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("RemoveSignInProvider").WithTags("People")
            .WithSummary("Takes the tenant's provider away; sessions that it opened end").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/users/{email}/sessions", ManageUsers.Sessions).Requires(Permission.UsersManage).AcceptsOnly().WithName("ListUserSessions").WithTags("People")
            .WithSummary("A user's sessions in the tenant").Produces<Page<SessionInfo>>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/users/{email}/sessions", ManageUsers.EndSessionsAsync).Requires(Permission.UsersManage).AcceptsOnly("id").WithName("EndUserSessions").WithTags("People")
            .WithSummary("Ends a user's sessions in the tenant at once, or one of them").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }
}

/// <summary>The forms of the pages in <see cref="PeoplePages"/>.</summary>
internal static class LoginForms
{
    private static readonly Core.Problem Stale = new(Core.ProblemKind.Invalid, "The form was open for too long, or in another browser; send it again.");

    public static async Task<IResult> LogInAsync(HttpContext context, SignIn signIn, SecondFactors factors)
    {
        if (!await PeoplePages.IsOursAsync(context))
            return PeoplePages.Login(context, Stale);
        var form = context.Request.Form;
        var user = await signIn.CheckAsync(form["email"], form["password"], context, context.RequestAborted);
        IResult Refused(Core.Problem problem) => PeoplePages.Login(context, problem, form["email"]);
        return user.IsOk ? await SecondFactorForms.ContinueAsync(user.Value, null, form["returnUrl"], context, signIn, factors, Refused) : Refused(user.Problem);
    }

    public static IResult Welcome(HttpContext context, SignIn signIn, Accounts accounts) => signIn.SessionOf(context) is { UserId: null } session
        ? PeoplePages.Welcome(context, RoleOf(session), accounts.MinPasswordLength, null)
        : Results.LocalRedirect("/");

    public static async Task<IResult> WelcomeAsync(HttpContext context, SignIn signIn, SecondFactors factors, Accounts accounts)
    {
        if (signIn.SessionOf(context) is not { UserId: null } session)
            return Results.LocalRedirect("/");
        if (!await PeoplePages.IsOursAsync(context))
            return PeoplePages.Welcome(context, RoleOf(session), accounts.MinPasswordLength, Stale);
        var form = context.Request.Form;
        var user = await accounts.WelcomeAsync(session, form["email"], form["name"], form["password"], context);
        IResult Refused(Core.Problem problem) => PeoplePages.Welcome(context, RoleOf(session), accounts.MinPasswordLength, problem, form["email"], form["name"]);
        return user.IsOk ? await SecondFactorForms.ContinueAsync(user.Value, null, "/", context, signIn, factors, Refused) : Refused(user.Problem);
    }

    public static IResult Join(string? code, HttpContext context, Accounts accounts) => accounts.Find(code) is { } invitation
        ? PeoplePages.Join(context, code!, invitation.Email, invitation.TenantId, accounts.KindOf(invitation), accounts.MinPasswordLength, null)
        : PeoplePages.Gone(context);

    public static async Task<IResult> JoinAsync(HttpContext context, SignIn signIn, SecondFactors factors, Accounts accounts)
    {
        if (!await PeoplePages.IsOursAsync(context))
            return PeoplePages.Gone(context);
        var form = context.Request.Form;
        if (accounts.Find(form["code"]) is not { } invitation)
            return PeoplePages.Gone(context);
        var kind = accounts.KindOf(invitation);
        var user = await accounts.JoinAsync(invitation, form["name"], form["password"], context);
        IResult Refused(Core.Problem problem) =>
            PeoplePages.Join(context, form["code"].ToString(), invitation.Email, invitation.TenantId, kind, accounts.MinPasswordLength, problem, form["name"]);
        return user.IsOk
            ? await SecondFactorForms.ContinueAsync(user.Value, kind == JoinKind.NewPassword ? null : invitation.TenantId, "/", context, signIn, factors, Refused)
            : Refused(user.Problem);
    }

    private static string RoleOf(Rows.SessionRow session) => session.LinkRole == Role.PlatformOwner.Name ? "the owner of this installation" : $"the administrator of {session.CurrentTenant}";
}
