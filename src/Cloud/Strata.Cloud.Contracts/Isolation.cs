namespace Strata.Cloud.Contracts;

/// <summary>A recommended isolation level.</summary>
/// <param name="Level"><c>logical</c>, <c>encrypted</c>, <c>dedicated</c> or <c>physical</c>.</param>
/// <param name="Because">The answer that decided.</param>
/// <param name="Also">What else was considered, each with the level it asks for.</param>
public sealed record IsolationAdviceInfo(string Level, string Because, IReadOnlyList<string> Also);
