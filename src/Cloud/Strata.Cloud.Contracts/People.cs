namespace Strata.Cloud.Contracts;

/// <summary>A sign-in by password.</summary>
/// <param name="Tenant">The tenant to be in; null for the first one that the user may be in.</param>
/// <param name="Code">Of the second factor, or a recovery code; for who has one.</param>
public sealed record LoginRequest(string Email, string Password, string? Tenant = null, string? Code = null);

/// <summary>Who is signed in. The session is in the cookie of the answer.</summary>
/// <param name="Tenants">Those that the user may switch to.</param>
public sealed record LoginInfo(string Email, string Name, string Tenant, IReadOnlyList<string> Tenants, string Session);

/// <summary>A session.</summary>
/// <param name="LastSeen">To within a minute or two.</param>
/// <param name="Agent">What the browser said it is.</param>
/// <param name="Current">Whether it is the one that asks.</param>
public sealed record SessionInfo(string Id, string Tenant, DateTimeOffset Created, DateTimeOffset LastSeen, string Address, string Agent, bool Current);

/// <summary>Who calls, in which tenant, and what it may do there.</summary>
/// <param name="Name">A user's or token's name; <c>admin</c> for the machine's own token and for who came by a link.</param>
/// <param name="Kind"><c>person</c>, <c>token</c>, or <c>node</c> for the machine's own token.</param>
/// <param name="Email">Null without an account.</param>
/// <param name="Session">Its session; null for a program.</param>
/// <param name="Acts">Whether it acts for a tenant that is not its own, as the platform's owner may.</param>
/// <param name="Tenants">Those that the user may switch to, the current one among them.</param>
/// <param name="Grants">Its roles and where they hold.</param>
/// <param name="Permissions">What it may do somewhere in the tenant; names such as <c>readings.read</c>.</param>
/// <param name="Everywhere">Those of them that hold in the whole tenant.</param>
/// <param name="Provider">What the tenant's provider is called to which the account may be linked at <c>/account/provider</c>; null when there is none, or for who came by it.</param>
/// <param name="ProviderLinked">Whether the tenant's provider means this account.</param>
/// <param name="Digest">Whether it gets the daily digest of the fleet by e-mail; null where it cannot: no account here, or no mail server.</param>
public sealed record MeInfo(
    string Name, string Kind, string? Email, string? Session, TenantChoice Tenant, bool Acts, IReadOnlyList<TenantChoice> Tenants, IReadOnlyList<GrantInfo> Grants,
    IReadOnlyList<string> Permissions, IReadOnlyList<string> Everywhere, string? Provider = null, bool ProviderLinked = false, bool? Digest = null);

/// <summary>Whether the caller's own account gets the daily digest of the fleet by e-mail, of what it may see in the tenant.</summary>
public sealed record SetDigest(bool Daily);

/// <summary>A tenant by id and name.</summary>
public sealed record TenantChoice(string Id, string Name);

/// <summary>A new password for the caller's own account.</summary>
/// <param name="Current">The one until now, as the proof.</param>
public sealed record ChangePassword(string Current, string New);

/// <summary>The tenant that a session is to be in.</summary>
public sealed record SwitchTenant(string Tenant);

/// <summary>A user in a tenant, or an invitation that waits.</summary>
/// <param name="Id">Of the invitation; null for a user, who goes by his e-mail address.</param>
/// <param name="State"><c>active</c>, <c>disabled</c>, <c>invited</c> or <c>resetting</c>.</param>
/// <param name="Mail">What became of the mail with the link: <c>waiting</c>, <c>sent</c> or <c>failed</c>; null when there is none.</param>
/// <param name="MailProblem">What the mail server said against it last.</param>
public sealed record UserInfo(string Email, string? Name, string State, IReadOnlyList<GrantInfo> Grants, DateTimeOffset Created, string? Id = null, DateTimeOffset? Expires = null, bool SecondFactor = false,
    string? Mail = null, string? MailProblem = null);

/// <summary>An invitation to the tenant.</summary>
/// <param name="ShowLink">Show the link also where it could be sent by e-mail; no mail is sent then.</param>
public sealed record InviteUser(string Email, IReadOnlyList<GrantInfo> Grants, bool ShowLink = false);

/// <summary>A link for one person; it opens once.</summary>
/// <param name="Url">Shown this once; null when it is sent by e-mail instead.</param>
/// <param name="Mailed">Whether it is sent by e-mail; the list of users says what became of the mail.</param>
public sealed record PersonalLink(string Id, string Email, string? Url, DateTimeOffset Expires, bool Mailed = false);

/// <summary>A change of a user in the tenant; null leaves it as it is.</summary>
public sealed record ChangeUser(bool? Enabled = null, IReadOnlyList<GrantInfo>? Grants = null);

/// <summary>How people sign in to a tenant.</summary>
/// <param name="RequireSecondFactor">Who comes with a password is let in with a second factor only.</param>
/// <param name="Provider">The tenant's OpenID Connect provider; null for none.</param>
public sealed record SignInRulesInfo(bool RequireSecondFactor, SignInProvider? Provider = null);

/// <summary>What the members of a provider's group may do.</summary>
/// <param name="Group">As the provider names it, letter for letter.</param>
public sealed record GroupGrant(string Group, GrantInfo Grant);

/// <summary>An OpenID Connect provider of a tenant, without its secret.</summary>
/// <param name="RedirectUri">To be registered at the provider, with the host by which people reach this node.</param>
public sealed record SignInProvider(string Issuer, string ClientId, bool HasSecret, string Label, string GroupsClaim, IReadOnlyList<GroupGrant> Groups, string RedirectUri);

/// <summary>Sets the provider of a tenant.</summary>
/// <param name="ClientSecret">Null keeps that of the same issuer and client; a public client has none.</param>
/// <param name="Label">What the sign-in page calls it; null for its host.</param>
/// <param name="GroupsClaim">The claim that names groups; null for <c>groups</c>.</param>
public sealed record SetSignInProvider(string Issuer, string ClientId, IReadOnlyList<GroupGrant> Groups, string? ClientSecret = null, string? Label = null, string? GroupsClaim = null);

/// <summary>A change of how people sign in to a tenant; null leaves it as it is.</summary>
public sealed record ChangeSignInRules(bool? RequireSecondFactor = null);
