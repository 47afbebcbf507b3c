using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Node;

/// <summary>The version of <c>If-Match</c> (RFC 9110 13.1.1) that a change was decided on; null when there is none, or any will do.</summary>
public readonly record struct ExpectedVersion(long? Value)
{
    public static Outcome<ExpectedVersion> Of(HttpContext context)
    {
        var tag = context.Request.Headers.IfMatch.ToString();
        if (tag.Length == 0 || tag == "*")
            return new ExpectedVersion(null);
        return long.TryParse(tag.Trim('"'), out var version) && version >= 0
            ? new ExpectedVersion(version)
            : new Problem(ProblemKind.Invalid, "If-Match is the version that the ETag says, for example \"7\".", "If-Match");
    }
}
