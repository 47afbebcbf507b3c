using System.Diagnostics.CodeAnalysis;

namespace Strata.Core;

/// <summary>The closed set of reasons for which a well-formed request is refused.</summary>
public enum ProblemKind
{
    /// <summary>The request's content is wrong (HTTP 400).</summary>
    Invalid,

    /// <summary>No or wrong credentials (401).</summary>
    Unauthenticated,

    /// <summary>Known, but not allowed (403).</summary>
    Forbidden,

    /// <summary>No such thing (404).</summary>
    NotFound,

    /// <summary>Contradicts what is there (409).</summary>
    Conflict,

    /// <summary>Said of a version that is not the one there by now (412): read it again, then decide anew.</summary>
    Outdated,

    /// <summary>Beyond a limit (413 or 429).</summary>
    TooMuch,

    /// <summary>Cannot be done just now (503); trying again later may succeed.</summary>
    Unavailable,
}

/// <summary>Why a request was refused, for a person: what, where, and what to do.</summary>
/// <param name="Field">The field, parameter or position at fault, when there is one.</param>
public sealed record Problem(ProblemKind Kind, string Detail, string? Field = null);

/// <summary>A result, or the problem in its place.</summary>
public readonly record struct Outcome<T>
{
    private Outcome(T? value, Problem? problem) => (Value, Problem) = (value, problem);

    /// <summary>The result; set when <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The problem; null when <see cref="IsOk"/>.</summary>
    public Problem? Problem { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsOk => Problem is null;

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Problem problem) => new(default, problem);
}
