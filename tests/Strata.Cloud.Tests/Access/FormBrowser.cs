using System.Net;
using System.Text.RegularExpressions;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Access;

/// <summary>A browser without scripts: keeps cookies, follows nothing, sends forms with what their pages hid in them.</summary>
internal sealed partial class FormBrowser : IDisposable
{
    public const string Password = "a long enough one";

    public FormBrowser(Uri node) => Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = node, Timeout = TimeSpan.FromSeconds(60) };

    public CookieContainer Cookies { get; } = new();

    public HttpClient Http { get; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>One that is signed in: invited by the administrator, joined with <see cref="Password"/>.</summary>
    public static async Task<FormBrowser> JoinAsync(Uri node, StrataClient admin, string email, params GrantInfo[] grants)
    {
        var code = new Uri((await admin.InviteUserAsync(new InviteUser(email, grants), Cancelled)).Url!).Query[6..];
        var browser = new FormBrowser(node);
        var joined = await browser.PostAsync($"/join?code={code}", ("code", code), ("name", email.Split('@')[0]), ("password", Password));
        Assert.True(joined.StatusCode == HttpStatusCode.Redirect, await joined.Content.ReadAsStringAsync(Cancelled));
        return browser;
    }

    public async Task<string> GetAsync(string path) => await (await Http.GetAsync(path, Cancelled)).Content.ReadAsStringAsync(Cancelled);

    /// <summary>Opens the page and sends its form.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields) => await PostAsync(await GetAsync(path), path.Split('?')[0], fields);

    /// <summary>Sends the form of a page that is open.</summary>
    public Task<HttpResponseMessage> PostAsync(string page, string path, params (string Name, string Value)[] fields)
    {
        var form = Regex.Match(page, $"<form method=\"post\" action=\"{Regex.Escape(path)}\">.*?</form>", RegexOptions.Singleline);
        Assert.True(form.Success, $"no form for {path} in: {page}");
        var content = Hidden().Matches(form.Value).Select(m => KeyValuePair.Create(m.Groups[1].Value, WebUtility.HtmlDecode(m.Groups[2].Value))).Where(h => fields.All(f => f.Name != h.Key))
            .Concat(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return Http.PostAsync(path, new FormUrlEncodedContent(content), Cancelled);
    }

    public void Dispose() => Http.Dispose();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
