using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>The pages around signing in: plain HTML without a script, so that they work before anything else does.</summary>
internal static class PeoplePages
{
    private const string Style = """
        :root{color-scheme:light dark;--fg:#14211f;--dim:#4a5754;--bg:#f6f7f5;--card:#fff;--line:#7c8a87;--key:#0b6e66;--on:#fff;--bad:#a1201a}
        @media(prefers-color-scheme:dark){:root{--fg:#e8efed;--dim:#a9b8b4;--bg:#101615;--card:#18211f;--line:#6b7a77;--key:#5ecfc3;--on:#10201e;--bad:#ff9a92}}
        *{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:var(--bg);color:var(--fg)}
        main{width:100%;max-width:26rem;background:var(--card);border:1px solid color-mix(in srgb,var(--line) 40%,transparent);border-radius:.75rem;padding:1.5rem}main.wide{max-width:44rem}
        h1{font-size:1.4rem;margin:0 0 .75rem;font-weight:650}h2{font-size:1.05rem;margin:1.25rem 0 .5rem}p{margin:0 0 .75rem}.dim{color:var(--dim);font-size:.9rem}.bad{color:var(--bad);font-weight:600}
        label{display:block;font-weight:600;margin-top:.75rem}input,select{font:inherit;width:100%;margin-top:.25rem;padding:.6rem .7rem;border:1px solid var(--line);border-radius:.5rem;background:var(--bg);color:var(--fg)}
        button{font:inherit;font-weight:600;padding:.6rem 1rem;border:1px solid var(--key);border-radius:.5rem;background:var(--key);color:var(--on);cursor:pointer}form>button{width:100%;margin-top:1.25rem}
        button.plain{background:transparent;color:var(--fg);border-color:var(--line);width:auto;margin:0;padding:.3rem .7rem}a{color:var(--key)}a.button{display:block;text-align:center;font-weight:600;padding:.6rem 1rem;border:1px solid var(--key);border-radius:.5rem;text-decoration:none}:focus-visible{outline:2px solid var(--key);outline-offset:2px}
        code{background:color-mix(in srgb,var(--line) 20%,transparent);padding:.1rem .35rem;border-radius:.3rem;overflow-wrap:anywhere}ul{list-style:none;padding:0;margin:0}
        .qr{background:#fff;border-radius:.5rem;width:13rem;max-width:100%;margin:0 0 .75rem}.qr svg{display:block;width:100%}
        li{display:flex;gap:1rem;justify-content:space-between;align-items:center;padding:.6rem 0;border-bottom:1px solid color-mix(in srgb,var(--line) 40%,transparent);overflow-wrap:anywhere}
        """;

    /// <summary>The form for e-mail and password; 401, for who sees it in place of a page has no session.</summary>
    public static IResult Login(HttpContext context, Problem? problem, string? email = null)
    {
        var target = LocalPath(context.Request.Path.StartsWithSegments("/login") ? Field(context, "returnUrl") : context.Request.Path + context.Request.QueryString);
        var note = context.Request.Query.ContainsKey("expired") ? "<p class=\"bad\" role=\"alert\">This link was used before or is older than ten minutes.</p>" : "";
        return Page(context, context.Request.Path == "/login" && problem is null ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized, "Sign in", $"""
            <h1>Sign in to Strata</h1>{note}{Alert(problem)}
            <form method="post" action="/login">{Token(context)}<input type="hidden" name="returnUrl" value="{Text(target)}">
            <label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="{Text(email)}">
            <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256">
            <button type="submit">Sign in</button></form>
            {Provider(context, target)}<p class="dim" style="margin-top:1rem">No account? Ask your administrator for an invitation. On the machine where the node runs, <code>./strata cloud link --data DIR</code> prints a link.</p>
            """);
    }

    /// <summary>The way to the tenant's provider: of the one that the address names, else of the installation's first. Where only others have one, a field for the tenant.</summary>
    private static string Provider(HttpContext context, string target)
    {
        var services = context.RequestServices;
        var people = services.GetRequiredService<PeopleStore>();
        if (!people.HasProviders)
            return "";
        var tenant = TenantId.TryParse(context.Request.Query["tenant"], out var named) ? named : services.GetRequiredService<TenantDirectory>().Default;
        return people.FindProvider(tenant) is { } provider
            ? $"<p style=\"margin:1rem 0 0\"><a class=\"button\" href=\"/login/provider?tenant={Uri.EscapeDataString(tenant.Value)}&amp;returnUrl={Uri.EscapeDataString(target)}\">Sign in with {Text(provider.Label)}</a></p>"
            : $"<form method=\"get\" action=\"/login\"><input type=\"hidden\" name=\"returnUrl\" value=\"{Text(target)}\"><label for=\"tenant\">Your organisation's own sign-in</label><input id=\"tenant\" name=\"tenant\" required maxlength=\"64\" autocapitalize=\"none\" spellcheck=\"false\" placeholder=\"its name here\"><button class=\"plain\" type=\"submit\">Go there</button></form>";
    }

    /// <summary>The first person's account.</summary>
    public static IResult Welcome(HttpContext context, string role, int minimum, Problem? problem, string? email = null, string? name = null) =>
        Page(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest, "Welcome", $"""
            <h1>Welcome to Strata</h1><p>Make the account of {Text(role)}. The link that brought you here does not open again.</p>{Alert(problem)}
            <form method="post" action="/welcome">{Token(context)}{Account(minimum, email, name, readOnly: false)}<button type="submit">Make the account</button></form>
            <p style="margin:1rem 0 0"><a href="/">Not now: open the dashboard</a></p>
            """);

    /// <summary>An invitation, or a new password.</summary>
    public static IResult Join(HttpContext context, string code, string email, string tenant, JoinKind kind, int minimum, Problem? problem, string? name = null)
    {
        var (title, words, form) = kind switch
        {
            JoinKind.NewPassword => ("New password", "Choose a new password. All your sessions end.", Account(minimum, email, "", readOnly: true, withName: false)),
            JoinKind.KnownUser => ("Join", $"You are invited to {Text(tenant)}. Accept with your password.", $"<label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required maxlength=\"256\">"),
            _ => ("Join", $"You are invited to {Text(tenant)}.", Account(minimum, email, name, readOnly: true)),
        };
        return Page(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest, title, $"""
            <h1>{title}</h1><p>{words}</p>{Alert(problem)}
            <form method="post" action="/join">{Token(context)}<input type="hidden" name="code" value="{Text(code)}">{form}<button type="submit">{(kind == JoinKind.NewPassword ? "Set the password" : "Join")}</button></form>
            """);
    }

    /// <summary>A link that opens nothing any more.</summary>
    public static IResult Gone(HttpContext context) => Page(context, StatusCodes.Status404NotFound, "Link", """
        <h1>This link opens nothing</h1><p>It was used, withdrawn or is too old. Ask for a new one.</p><p><a href="/login">Sign in</a></p>
        """);

    /// <summary>Whether the form was sent from our own page.</summary>
    public static async Task<bool> IsOursAsync(HttpContext context) =>
        context.Request.HasFormContentType && await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context);

    /// <summary>A path of this node; <c>/</c> for everything else, so that nobody is sent elsewhere.</summary>
    public static string LocalPath(string? url) =>
        url is { Length: >= 1 and <= 2_000 } && url[0] == '/' && (url.Length == 1 || (url[1] is not ('/' or '\\'))) && !url.Any(char.IsControl)
        && !url.StartsWith("/login", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("/?expired", StringComparison.Ordinal) ? url : "/";

    internal static IResult Page(HttpContext context, int status, string title, string body, bool wide = false, string head = "")
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        return Results.Content($"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} - Strata</title><link rel="icon" href="data:,">{head}<style>{Style}</style></head>
            <body><main{(wide ? " class=\"wide\"" : "")}>{body}</main></body></html>
            """, "text/html; charset=utf-8", null, status);
    }

    internal static string Token(HttpContext context)
    {
        var tokens = context.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context);
        return $"<input type=\"hidden\" name=\"{tokens.FormFieldName}\" value=\"{Text(tokens.RequestToken)}\">";
    }

    internal static string Text(string? text) => WebUtility.HtmlEncode(text ?? "");

    internal static string Alert(Problem? problem) => problem is null ? "" : $"<p class=\"bad\" role=\"alert\">{Text(problem.Detail)}</p>";

    private static string? Field(HttpContext context, string name) =>
        context.Request.HasFormContentType ? context.Request.Form[name].ToString() : context.Request.Query[name].ToString();

    private static string Account(int minimum, string? email, string? name, bool readOnly, bool withName = true) => $"""
        <label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username" required maxlength="254"{(readOnly ? " readonly" : "")} value="{Text(email)}">
        {(withName ? $"<label for=\"name\">Name</label><input id=\"name\" name=\"name\" autocomplete=\"name\" required maxlength=\"200\" value=\"{Text(name)}\">" : "")}
        <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="new-password" required minlength="{minimum}" maxlength="256" aria-describedby="rule">
        <p class="dim" id="rule">At least {minimum} characters.</p>
        """;
}

/// <summary>What a link of an invitation opens.</summary>
internal enum JoinKind
{
    NewUser,
    KnownUser,
    NewPassword,
}
