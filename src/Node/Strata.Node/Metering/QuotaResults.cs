using Microsoft.AspNetCore.Http;

namespace Strata.Node.Metering;

/// <summary>The HTTP answer to what would be more than a quota allows: 429 with <c>Retry-After</c>, and problem details that name the quota, its limit and what is used.</summary>
internal sealed class QuotaResults(string quota, long limit, long used, string what, TimeSpan retryAfter, string whose = "The tenant's") : IResult
{
    /// <summary>For a quota that time alone does not mend.</summary>
    public static readonly TimeSpan Later = TimeSpan.FromMinutes(1);

    /// <summary>Storage is used up.</summary>
    public static QuotaResults Full(TenantMeter meter) => new(
        "storageBytes", meter.Quotas.StorageBytes ?? 0, meter.StorageBytes, "Nothing new is stored until there is room or more is allowed; nothing of this was taken.", Later);

    /// <summary>Messages come too fast.</summary>
    public static QuotaResults TooFast(TenantMeter meter, TimeSpan retryAfter) => meter.Quotas.MessagesPerSecond is { } rate
        ? new("messagesPerSecond", rate, rate, "Nothing of this was taken; send it again later.", retryAfter)
        : new("bytesPerSecond", meter.Quotas.BytesPerSecond ?? 0, meter.Quotas.BytesPerSecond ?? 0, "Nothing of this was taken; send it again later.", retryAfter);

    public static string Text(string quota, long limit, long used, string what, string whose = "The tenant's") => $"{whose} quota {quota} is used up: {used} of {limit}. {what}";

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return TypedResults.Problem(
            Text(quota, limit, used, what, whose), null, StatusCodes.Status429TooManyRequests, "This is beyond a quota.", "urn:strata:problem:over-quota",
            new Dictionary<string, object?> { ["field"] = quota, ["quota"] = quota, ["limit"] = limit, ["used"] = used }).ExecuteAsync(httpContext);
    }
}
