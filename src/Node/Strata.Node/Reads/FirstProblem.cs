using Strata.Core;

namespace Strata.Node.Reads;

/// <summary>Takes the values out of several outcomes and keeps the first problem, so that a request is checked as a list and refused once.</summary>
internal struct FirstProblem
{
    /// <summary>Null while everything taken was right.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>The value; <c>default</c> when it was wrong, and then <see cref="Problem"/> is set.</summary>
    public T Take<T>(Outcome<T> outcome)
    {
        if (!outcome.IsOk)
            Problem ??= outcome.Problem;
        return outcome.Value!;
    }

    /// <summary>Notes a problem when the condition holds.</summary>
    public void When(bool wrong, string field, string detail)
    {
        if (wrong)
            Problem ??= new Problem(ProblemKind.Invalid, detail, field);
    }
}
