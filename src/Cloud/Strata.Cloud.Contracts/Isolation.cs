namespace Strata.Cloud.Contracts;

/// <summary>A recommended isolation level.</summary>
/// <param name="Level"><c>logical</c>, <c>encrypted</c>, <c>dedicated</c> or <c>physical</c>.</param>
/// <param name="Because">The answer that decided.</param>
/// <param name="Also">What else was considered, each with the level it asks for.</param>
public sealed record IsolationAdviceInfo(string Level, string Because, IReadOnlyList<string> Also);

/// <summary>A tenant's isolation level and how far a change of it is.</summary>
/// <param name="Level">The level that holds: <c>logical</c>, <c>encrypted</c> or <c>dedicated</c>.</param>
/// <param name="Changing">A change is under way, also while the node was down.</param>
/// <param name="Target">What it is changing to; the level when nothing changes.</param>
/// <param name="Step">The step at work: <c>key</c>, <c>seal</c>, <c>unseal</c>, <c>copy</c>, <c>switch</c>, <c>clear</c>; null when nothing changes.</param>
/// <param name="Rows">Rows that the step has done so far.</param>
/// <param name="Detail">What the last change came to, or what holds this one up.</param>
public sealed record IsolationInfo(
    string Tenant, string Level, bool Changing, string Target, string? Step, long Rows, DateTimeOffset? Started, DateTimeOffset? Finished, string? Detail);

/// <summary>A request to change a tenant's level.</summary>
/// <param name="Level">The wanted level; null leaves it.</param>
/// <param name="RenewKey">Makes a new data key and seals everything with it; for encrypted and dedicated tenants.</param>
public sealed record ChangeIsolation(string? Level = null, bool RenewKey = false);

/// <summary>A new key of the installation is in use.</summary>
/// <param name="Tenants">Tenants whose data keys it wraps.</param>
public sealed record RotatedKey(string Id, int Tenants);

/// <summary>A tenant that was brought in out of an archive.</summary>
/// <param name="Level">At which it is isolated here.</param>
/// <param name="AsOf">The moment of which everything is.</param>
/// <param name="From">The version of the program that wrote the archive.</param>
/// <param name="Rows">Rows of the registry.</param>
/// <param name="Readings">Rows of readings.</param>
/// <param name="Invited">Links for the people who belonged to it, each shown once; a password never leaves an installation.</param>
public sealed record ImportedTenant(string Id, string Name, string Level, DateTimeOffset AsOf, string From, long Rows, long Readings, IReadOnlyList<PersonalLink> Invited);
