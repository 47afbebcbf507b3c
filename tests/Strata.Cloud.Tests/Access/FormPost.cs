using System.Net;
using System.Text.RegularExpressions;

namespace Strata.Cloud.Tests.Access;

/// <summary>A form of a page without a script, sent as a browser does: with the mark that the page carries.</summary>
internal static partial class FormPost
{
    public static async Task<HttpResponseMessage> SendAsync(HttpClient browser, string path, params (string Name, string Value)[] fields)
    {
        var page = await browser.GetStringAsync(path, TestContext.Current.CancellationToken);
        var token = Mark().Match(page);
        Assert.True(token.Success, page);
        return await browser.PostAsync(
            path.Split('?')[0],
            new FormUrlEncodedContent([new(token.Groups[1].Value, WebUtility.HtmlDecode(token.Groups[2].Value)), .. fields.Select(f => KeyValuePair.Create(f.Name, f.Value))]),
            TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("name=\"(__[^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex Mark();
}
