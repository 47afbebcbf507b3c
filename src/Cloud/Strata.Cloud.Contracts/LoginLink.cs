namespace Strata.Cloud.Contracts;

/// <summary>A link that opens the dashboard once.</summary>
public sealed record LoginLink(string Url, DateTimeOffset Expires);
