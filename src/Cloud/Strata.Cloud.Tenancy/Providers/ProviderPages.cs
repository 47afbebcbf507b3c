using Microsoft.AspNetCore.Http;
using Strata.Cloud.Tenancy.People;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>What a person sees around the provider's own pages.</summary>
internal static class ProviderPages
{
    public static IResult Refused(HttpContext context, int status, string why, string? tenant = null) => PeoplePages.Page(context, status, "Sign in", $"""
        <h1>Not signed in</h1><p class="bad" role="alert">{PeoplePages.Text(why)}</p>
        <p><a href="/login{(tenant is null ? "" : $"?tenant={Uri.EscapeDataString(tenant)}")}">Back to signing in</a></p>
        """);

    /// <summary>
    /// Signed in. A page of ours goes on, not the answer itself: the session's cookie is not sent with what another site's page led to.
    /// </summary>
    public static IResult GoOn(HttpContext context, string next) => PeoplePages.Page(
        context, StatusCodes.Status200OK, "Signed in", $"<h1>Signed in</h1><p><a href=\"{PeoplePages.Text(next)}\">Go on</a></p>", head: $"<meta http-equiv=\"refresh\" content=\"0;url={PeoplePages.Text(next)}\">");
}
