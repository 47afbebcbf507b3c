using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Strata.Cloud.Devices.Rows;
using Strata.Core;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>A device's revision as <c>ETag</c>, and <c>If-Match</c>, by which a change is made only to what its caller has seen (RFC 9110 13.1.1).</summary>
internal static class EntityTag
{
    public static void Show(HttpContext context, long revision) => context.Response.Headers.ETag = $"\"{revision}\"";

    /// <summary>Why the change must not be made; null when the header is not there, or names the device as it is.</summary>
    public static Problem? Check(HttpContext context, DeviceRow row)
    {
        var wanted = context.Request.Headers.IfMatch;
        if (wanted.Count == 0)
            return null;
        if (!EntityTagHeaderValue.TryParseStrictList(wanted, out var tags))
            return new Problem(ProblemKind.Invalid, "If-Match is a list of entity tags, as the ETag of the device says.", "If-Match");
        var now = new EntityTagHeaderValue($"\"{row.Revision}\"");
        return tags.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(now, useStrongComparison: true))
            ? null
            : new Problem(ProblemKind.Outdated, $"Device '{row.Id}' was changed since you read it: it is at revision {row.Revision}. Read it again, then decide.", "If-Match");
    }
}
