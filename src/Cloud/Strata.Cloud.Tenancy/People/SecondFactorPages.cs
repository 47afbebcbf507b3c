using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Cloud.Tenancy.People;

/// <summary>The pages of the second factor: asked for at the sign-in, set up, shown on the account's own page.</summary>
internal static class SecondFactorPages
{
    /// <summary>The second page of a sign-in.</summary>
    public static IResult Ask(HttpContext context, string ticket, Problem? problem) =>
        PeoplePages.Page(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized, "Second factor", $"""
            <h1>Your code</h1><p>Open the app that makes your codes, and type in the six digits it shows for Strata.</p>{PeoplePages.Alert(problem)}
            <form method="post" action="/login/second-factor">{PeoplePages.Token(context)}{Hidden("ticket", ticket)}{Code("Code, or one of your recovery codes")}<button type="submit">Sign in</button></form>
            <p class="dim" style="margin-top:1rem">Neither app nor recovery codes? Your administrator can switch the second factor off.</p>
            """);

    /// <summary>The second page of a sign-in to a tenant that asks for a second factor, of who has none.</summary>
    public static IResult SetUpAtSignIn(HttpContext context, string ticket, Enrolment enrolment, Problem? problem) =>
        PeoplePages.Page(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized, "Second factor", $"""
            <h1>Set up a second factor</h1><p>Your organisation asks for one. It takes an app that makes codes, such as those on a phone.</p>{PeoplePages.Alert(problem)}
            <form method="post" action="/login/second-factor/set-up">{PeoplePages.Token(context)}{Hidden("ticket", ticket)}{Steps(enrolment)}<button type="submit">Set up and sign in</button></form>
            """);

    /// <summary>The account's own page while there is none.</summary>
    public static IResult SetUp(HttpContext context, Enrolment enrolment, Problem? problem) =>
        PeoplePages.Page(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest, "Second factor", $"""
            <h1>Second factor</h1><p>Signing in asks for a code of your phone beside the password then.</p>{PeoplePages.Alert(problem)}
            <form method="post" action="/account/second-factor">{PeoplePages.Token(context)}{Hidden("action", "set-up")}{Steps(enrolment)}<button type="submit">Set up</button></form>
            {Back}
            """);

    /// <summary>The account's own page while there is one.</summary>
    public static IResult Show(HttpContext context, int left, Problem? problem) =>
        PeoplePages.Page(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest, "Second factor", $"""
            <h1>Second factor</h1><p>It is on. Recovery codes left: <strong>{left}</strong>.</p>{PeoplePages.Alert(problem)}
            <h2>New recovery codes</h2><form method="post" action="/account/second-factor">{PeoplePages.Token(context)}{Hidden("action", "recovery-codes")}<p class="dim">Those you have stop working.</p>{Code("Code", "new-")}<button type="submit">Make new recovery codes</button></form>
            <h2>Switch off</h2><form method="post" action="/account/second-factor">{PeoplePages.Token(context)}{Hidden("action", "off")}
            <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256">{Code("Code, or one of your recovery codes", "off-")}<button type="submit">Switch off</button></form>
            {Back}
            """);

    /// <summary>Recovery codes, this once.</summary>
    public static IResult Codes(HttpContext context, IReadOnlyList<string> codes, string next) => PeoplePages.Page(context, StatusCodes.Status200OK, "Recovery codes", $"""
        <h1>Your recovery codes</h1><p>Each lets you in once without your app. Keep them where you keep passwords: <strong>they are not shown again</strong>.</p>
        <ul>{string.Concat(codes.Select(c => $"<li><code>{PeoplePages.Text(c)}</code></li>"))}</ul>
        <p style="margin:1rem 0 0"><a href="{PeoplePages.Text(next)}">I have kept them: go on</a></p>
        """);

    private const string Back = "<p style=\"margin:1rem 0 0\"><a href=\"/\">Back to the dashboard</a></p>";

    private static string Steps(Enrolment enrolment) => $"""
        {Hidden("enrolment", enrolment.Ticket)}<p>1. Let the app read this picture, or type in the key below it.</p>
        <div class="qr" role="img" aria-label="QR code of the key below">{enrolment.Picture}</div><p><code>{PeoplePages.Text(enrolment.Key)}</code></p>
        <p>2. Type in the six digits that the app shows then.</p>{Code("Code")}
        """;

    private static string Code(string label, string prefix = "") => $"""
        <label for="{prefix}code">{label}</label><input id="{prefix}code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required maxlength="32">
        """;

    private static string Hidden(string name, string value) => $"<input type=\"hidden\" name=\"{name}\" value=\"{PeoplePages.Text(value)}\">";
}
