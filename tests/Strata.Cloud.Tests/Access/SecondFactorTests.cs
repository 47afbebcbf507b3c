using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using OtpNet;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Access;

/// <summary>Codes by the clock, recovery codes, and tenants that ask for them.</summary>
public sealed class SecondFactorTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private const string Page = "/account/second-factor";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sign_in_takes_a_code_once_and_each_recovery_code_once_and_the_secret_is_not_in_the_files()
    {
        using var browser = await PersonAsync("fern", "ada@fern.example");
        var page = await browser.GetAsync(Page);
        var key = new string([.. Regex.Match(page, "<code>([A-Z2-7 ]+)</code>").Groups[1].Value.Where(c => c != ' ')]);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.Contains("is wrong", await (await browser.PostAsync(page, Page, ("action", "set-up"), ("code", "000000"))).Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        var first = Code(key, 0);
        var codes = Codes(await (await browser.PostAsync(page, Page, ("action", "set-up"), ("code", first))).Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(10, codes.Distinct().Count());
        Assert.True(Assert.Single((await Admin("fern").ListUsersAsync(cancellationToken: Cancelled)).Items).SecondFactor);

        // By the API: no code, the one that set it up, the next one, the next one again.
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized], [await LogInAsync(null), await LogInAsync(first)]);
        var next = Code(key, 1);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Unauthorized], [await LogInAsync(next), await LogInAsync(next)]);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Unauthorized], [await LogInAsync(codes[0].ToUpperInvariant()), await LogInAsync(codes[0])]);

        // By the pages: the password leads to the second one and opens nothing by itself.
        using var other = new FormBrowser(cloud.Node.Address);
        var asked = await other.PostAsync("/login", ("email", "ada@fern.example"), ("password", FormBrowser.Password));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (asked.StatusCode, (await other.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode));
        var second = await asked.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.PostAsync(second, "/login/second-factor", ("code", codes[0]))).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await other.PostAsync(second, "/login/second-factor", ("code", codes[1]))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await other.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);

        await cloud.StopAsync();
        var kept = await File.ReadAllBytesAsync(Path.Combine(cloud.Folder, "registry.db"), Cancelled);
        Assert.False(Contains(kept, Base32Encoding.ToBytes(key)) || Contains(kept, System.Text.Encoding.UTF8.GetBytes(key)) || Contains(kept, System.Text.Encoding.UTF8.GetBytes(codes[2].Replace("-", "", StringComparison.Ordinal))));
        await cloud.StartAsync();
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.OK], [await LogInAsync(codes[1]), await LogInAsync(codes[2])]);

        async Task<HttpStatusCode> LogInAsync(string? code)
        {
            using var http = cloud.NewClient();
            return (await http.PostAsJsonAsync("api/v1/login", new LoginRequest("ada@fern.example", FormBrowser.Password, null, code), Cancelled)).StatusCode;
        }
    }

    [Fact]
    public async Task It_is_switched_off_by_password_and_code_together_or_by_an_administrator()
    {
        using var browser = await PersonAsync("ivy", "bo@ivy.example");
        var codes = await SetUpAsync(browser);
        var page = await browser.GetAsync(Page);
        await browser.PostAsync(page, Page, ("action", "off"), ("password", "not the password"), ("code", codes[0]));
        await browser.PostAsync(page, Page, ("action", "off"), ("password", FormBrowser.Password), ("code", "123456"));
        Assert.Contains("left: <strong>10", await browser.GetAsync(Page), StringComparison.Ordinal);
        var renewed = Codes(await (await browser.PostAsync(page, Page, ("action", "recovery-codes"), ("code", codes[0]))).Content.ReadAsStringAsync(Cancelled));
        await browser.PostAsync(page, Page, ("action", "off"), ("password", FormBrowser.Password), ("code", codes[1]));
        Assert.Contains("left: <strong>10", await browser.GetAsync(Page), StringComparison.Ordinal);
        await browser.PostAsync(page, Page, ("action", "off"), ("password", FormBrowser.Password), ("code", renewed[1]));
        Assert.Contains("<svg", await browser.GetAsync(Page), StringComparison.Ordinal);

        await SetUpAsync(browser);
        await Admin("ivy").RemoveSecondFactorAsync("bo@ivy.example", Cancelled);
        Assert.Contains("<svg", await browser.GetAsync(Page), StringComparison.Ordinal);
        var audit = (await Admin("ivy").ListAuditAsync(cancellationToken: Cancelled)).Items;
        Assert.Equal(["create", "create", "remove", "remove"], audit.Where(a => a.Kind == "second-factor").Select(a => a.Action).Order());
    }

    [Fact]
    public async Task A_tenant_that_asks_for_it_lets_nobody_in_without_and_one_sets_it_up_at_the_sign_in()
    {
        using var browser = await PersonAsync("moss", "cy@moss.example", "tenant-admin");
        using var colleague = await PersonAsync("moss", "di@moss.example");
        var own = await browser.Http.PatchAsJsonAsync("api/v1/sign-in", new ChangeSignInRules(true), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, own.StatusCode); // It would lock him out.
        await SetUpAsync(browser);
        Assert.True((await new StrataClient(browser.Http, null).ChangeSignInRulesAsync(new ChangeSignInRules(true), Cancelled)).RequireSecondFactor);
        Assert.Equal(HttpStatusCode.OK, (await browser.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await colleague.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await colleague.Http.PostAsJsonAsync("api/v1/login", new LoginRequest("di@moss.example", FormBrowser.Password), Cancelled)).StatusCode);

        var asked = await (await colleague.PostAsync("/login", ("email", "di@moss.example"), ("password", FormBrowser.Password), ("returnUrl", "/devices"))).Content.ReadAsStringAsync(Cancelled);
        var shown = await (await colleague.PostAsync(asked, "/login/second-factor/set-up", ("code", Code(Key(asked), 0)))).Content.ReadAsStringAsync(Cancelled);
        Assert.Equal(10, Codes(shown).Count);
        Assert.Contains("href=\"/devices\"", shown, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await colleague.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_link_for_a_new_password_does_not_pass_by_the_second_factor()
    {
        using var browser = await PersonAsync("reed", "eli@reed.example");
        var codes = await SetUpAsync(browser);
        var code = new Uri((await Admin("reed").ResetPasswordAsync("eli@reed.example", cancellationToken: Cancelled)).Url!).Query[6..];
        using var other = new FormBrowser(cloud.Node.Address);
        var asked = await other.PostAsync($"/join?code={code}", ("code", code), ("password", "another long enough one"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (asked.StatusCode, (await other.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode));
        Assert.Equal(HttpStatusCode.Redirect, (await other.PostAsync(await asked.Content.ReadAsStringAsync(Cancelled), "/login/second-factor", ("code", codes[0]))).StatusCode);
    }

    [Fact]
    public async Task Wrong_codes_have_to_wait_like_wrong_passwords_and_the_right_password_between_them_does_not_help()
    {
        using var browser = await PersonAsync("sage", "flo@sage.example");
        await SetUpAsync(browser);
        await Admin("sage").EndUserSessionsAsync("flo@sage.example", null, Cancelled);
        using var guesser = cloud.NewClient();
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 6; i++)
            answers.Add((await guesser.PostAsJsonAsync("api/v1/login", new LoginRequest("flo@sage.example", FormBrowser.Password, null, "000000"), Cancelled)).StatusCode);
        Assert.Equal([.. Enumerable.Repeat(HttpStatusCode.Unauthorized, 5), HttpStatusCode.TooManyRequests], answers);
    }

    private StrataClient Admin(string tenant) => new(cloud.Http, null, tenant);

    private async Task<FormBrowser> PersonAsync(string tenant, string email, string role = "viewer")
    {
        if (!(await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items.Any(t => t.Id == tenant))
            await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        return await FormBrowser.JoinAsync(cloud.Node.Address, Admin(tenant), email, new GrantInfo(role));
    }

    private static async Task<List<string>> SetUpAsync(FormBrowser browser)
    {
        var page = await browser.GetAsync(Page);
        return Codes(await (await browser.PostAsync(page, Page, ("action", "set-up"), ("code", Code(Key(page), 0)))).Content.ReadAsStringAsync(Cancelled));
    }

    private static string Key(string page) => new([.. Regex.Match(page, "<code>([A-Z2-7 ]+)</code>").Groups[1].Value.Where(c => c != ' ')]);

    /// <summary>The code of the step so many after the one now.</summary>
    private static string Code(string key, int after) => new Totp(Base32Encoding.ToBytes(key)).ComputeTotp(TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30 * after));

    private static List<string> Codes(string page) => [.. Regex.Matches(page, "<li><code>([a-z0-9-]+)</code>").Select(m => m.Groups[1].Value)];

    private static bool Contains(byte[] all, byte[] part) => all.AsSpan().IndexOf(part) >= 0;
}
