namespace Strata.Cloud.Contracts;

/// <summary>The people of a tenant and their sessions.</summary>
public sealed partial class StrataClient
{
    /// <summary>Who the caller is, and what it may do.</summary>
    public Task<MeInfo> GetMeAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/me", Json.MeInfo, cancellationToken);

    /// <summary>Gives the caller's own account a new password; its other sessions end.</summary>
    public Task ChangePasswordAsync(ChangePassword change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/me/password", Body(change, Json.ChangePassword), cancellationToken);

    /// <summary>Starts or stops the daily digest of the fleet by e-mail, for the caller's own account in its tenant.</summary>
    public Task SetDigestAsync(bool daily, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, "api/v1/me/digest", Body(new SetDigest(daily), Json.SetDigest), cancellationToken);

    /// <summary>The caller's own sessions.</summary>
    public Task<Page<SessionInfo>> ListSessionsAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/sessions", Json.PageSessionInfo, cancellationToken);

    /// <summary>Ends one of the caller's own sessions at once.</summary>
    public Task RevokeSessionAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/sessions/{Escape(id)}", null, cancellationToken);

    public Task<Page<UserInfo>> ListUsersAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/users", ("cursor", cursor), ("limit", limit)), Json.PageUserInfo, cancellationToken);

    /// <summary>The answer's link is shown once, or sent by e-mail.</summary>
    public Task<PersonalLink> InviteUserAsync(InviteUser request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/users/invitations", Body(request, Json.InviteUser), Json.PersonalLink, cancellationToken);

    public Task WithdrawInvitationAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/users/invitations/{Escape(id)}", null, cancellationToken);

    public Task<UserInfo> ChangeUserAsync(string email, ChangeUser change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, $"api/v1/users/{Escape(email)}", Body(change, Json.ChangeUser), Json.UserInfo, cancellationToken);

    /// <summary>A link by which the user chooses a new password, shown once or sent by e-mail.</summary>
    /// <param name="showLink">Show it also where it could be sent.</param>
    public Task<PersonalLink> ResetPasswordAsync(string email, bool showLink = false, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Query($"api/v1/users/{Escape(email)}/password-link", ("show", showLink ? "true" : null)), null, Json.PersonalLink, cancellationToken);

    /// <summary>Switches off the second factor of a user who has lost it.</summary>
    public Task RemoveSecondFactorAsync(string email, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/users/{Escape(email)}/second-factor", null, cancellationToken);

    public Task<SignInRulesInfo> GetSignInRulesAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/sign-in", Json.SignInRulesInfo, cancellationToken);

    public Task<SignInRulesInfo> ChangeSignInRulesAsync(ChangeSignInRules change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, "api/v1/sign-in", Body(change, Json.ChangeSignInRules), Json.SignInRulesInfo, cancellationToken);

    public Task<SignInProvider> SetSignInProviderAsync(SetSignInProvider provider, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, "api/v1/sign-in/provider", Body(provider, Json.SetSignInProvider), Json.SignInProvider, cancellationToken);

    public Task RemoveSignInProviderAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, "api/v1/sign-in/provider", null, cancellationToken);

    public Task<Page<SessionInfo>> ListUserSessionsAsync(string email, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/users/{Escape(email)}/sessions", Json.PageSessionInfo, cancellationToken);

    /// <summary>Ends a user's sessions in the tenant at once, or the one of this id.</summary>
    public Task EndUserSessionsAsync(string email, string? id = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Query($"api/v1/users/{Escape(email)}/sessions", ("id", id)), null, cancellationToken);
}
