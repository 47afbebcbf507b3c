using Microsoft.AspNetCore.Http;
using Strata.Cloud.Tenancy.People;
using Strata.Core;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>What a person sees around the provider's own pages.</summary>
internal static class ProviderPages
{
    public static IResult Refused(HttpContext context, int status, string why, string? tenant = null) => PeoplePages.Page(context, status, "Sign in", $"""
        <h1>Not signed in</h1><p class="bad" role="alert">{PeoplePages.Text(why)}</p>
        <p><a href="/login{(tenant is null ? "" : $"?tenant={Uri.EscapeDataString(tenant)}")}">Back to signing in</a></p>
        """);

    /// <summary>The own page of who is signed in by a password: linked or not.</summary>
    public static IResult Link(HttpContext context, string? label, bool isLinked, Problem? problem)
    {
        var status = problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        var form = (label, isLinked) switch
        {
            (null, _) => "<p>Your organisation has no provider to sign in with.</p>",
            (_, true) => Form("unlink", $"Your account is linked: you may sign in with {PeoplePages.Text(label)} too. What it lets you into is this organisation, with what you were given here.", "Unlink"),
            _ => Form("link", $"Link your account to {PeoplePages.Text(label)}: you may sign in with it too then, to this organisation. You are sent there, and are linked to whom it says you are.", $"Go to {PeoplePages.Text(label)}"),
        };
        return PeoplePages.Page(context, status, "Sign-in of your organisation", $"""
            <h1>Sign-in of your organisation</h1>{PeoplePages.Alert(problem)}{form}<p style="margin:1rem 0 0"><a href="/account">Back to your account</a></p>
            """);

        string Form(string action, string words, string button) => $"""
            <p>{words}</p><form method="post" action="/account/provider">{PeoplePages.Token(context)}<input type="hidden" name="action" value="{action}">
            <label for="password">Your password here</label><input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"><button type="submit">{button}</button></form>
            """;
    }

    /// <summary>On the way to the provider. A page of ours that goes on, for a form may not lead to another site.</summary>
    public static IResult Leave(HttpContext context, string label, string address) => PeoplePages.Page(
        context, StatusCodes.Status200OK, "Sign-in of your organisation", $"<h1>On to {PeoplePages.Text(label)}</h1><p><a href=\"{PeoplePages.Text(address)}\">Go on</a></p>",
        head: $"<meta http-equiv=\"refresh\" content=\"0;url={PeoplePages.Text(address)}\">");

    public static IResult Linked(HttpContext context, string label) => PeoplePages.Page(
        context, StatusCodes.Status200OK, "Linked", $"<h1>Linked</h1><p>You may sign in with {PeoplePages.Text(label)} from now on.</p><p><a href=\"/account/provider\">Back to your account</a></p>");

    /// <summary>
    /// Signed in. A page of ours goes on, not the answer itself: the session's cookie is not sent with what another site's page led to.
    /// </summary>
    public static IResult GoOn(HttpContext context, string next) => PeoplePages.Page(
        context, StatusCodes.Status200OK, "Signed in", $"<h1>Signed in</h1><p><a href=\"{PeoplePages.Text(next)}\">Go on</a></p>", head: $"<meta http-equiv=\"refresh\" content=\"0;url={PeoplePages.Text(next)}\">");
}
