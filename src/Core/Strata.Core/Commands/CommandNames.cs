namespace Strata.Core.Commands;

/// <summary>What a command and a request may be called: both are levels of the topic <c>commands/{name}/{request}</c>.</summary>
public static class CommandNames
{
    public const int MaxNameLength = 64;

    public const int MaxRequestLength = 64;

    /// <summary>Requests that the node draws for commands of many devices begin so; nobody else's do.</summary>
    public const string RunPrefix = "run.";

    /// <summary>The command to wipe itself: its decommissioning says it, and nobody else.</summary>
    public const string Wipe = "wipe";

    /// <summary>Letters, digits and <c>. _ -</c>, beginning with a letter or digit; 1 to <see cref="MaxNameLength"/>.</summary>
    public static Problem? CheckName(string? name) =>
        Is(name, MaxNameLength) ? null : new Problem(ProblemKind.Invalid, $"A command's name has 1 to {MaxNameLength} letters, digits, dots, hyphens and underscores, and begins with a letter or digit.", "name");

    /// <summary>The same for the id of a request that a caller gives.</summary>
    public static Problem? CheckRequest(string? request) =>
        !Is(request, MaxRequestLength)
            ? new Problem(ProblemKind.Invalid, $"A request's id has 1 to {MaxRequestLength} letters, digits, dots, hyphens and underscores, and begins with a letter or digit.", "request")
            : request!.StartsWith(RunPrefix, StringComparison.Ordinal)
                ? new Problem(ProblemKind.Invalid, $"A request's id does not begin with '{RunPrefix}': such ids are drawn for commands of many devices.", "request")
                : null;

    /// <summary>Whether a command and a request may be called so, ids that the node draws among them.</summary>
    public static bool AreNames(string name, string request) => Is(name, MaxNameLength) && Is(request, MaxRequestLength);

    /// <summary>Below <c>devices/{id}/</c>.</summary>
    public static string TopicOf(string name, string request) => $"commands/{name}/{request}";

    private static bool Is(string? text, int most) =>
        text is { Length: > 0 } && text.Length <= most && char.IsAsciiLetterOrDigit(text[0]) && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
