using System.Net;
using Microsoft.Extensions.Time.Testing;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Tests.Support;

namespace Strata.Node.Tests.Auth;

public sealed class AccessTests
{
    private static readonly Principal Someone = Principal.Owner(TenantId.Main, "someone");

    [Fact]
    public async Task The_admin_token_opens_the_api_and_a_wrong_one_does_not()
    {
        await using var node = await TestNode.StartAsync();
        using var admin = node.Client(token: node.Admin.Value);
        using var wrong = node.Client(token: node.Admin.Value + "x");
        using var nobody = node.Client();

        Assert.Equal("admin", await admin.GetStringAsync("/api/v1/whoami"));
        using var refused = await wrong.GetAsync("/api/v1/whoami");
        using var anonymous = await nobody.GetAsync("/api/v1/whoami");
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (refused.StatusCode, anonymous.StatusCode));
        Assert.Equal("unknown token", Assert.Single(node.Rejected()).Reason);
    }

    [Fact]
    public async Task A_device_may_not_read_the_tenant()
    {
        await using var node = await TestNode.StartAsync();
        using var device = node.Client("t-1", node.AddDevice("t-1"));

        using var answer = await device.GetAsync("/api/v1/whoami");

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_link_opens_the_dashboard_once_with_a_strict_http_only_cookie()
    {
        await using var node = await TestNode.StartAsync();
        using var admin = node.Client(token: node.Admin.Value);
        var link = await new StrataClient(admin, node.Admin.Value).CreateLoginLinkAsync();
        using var browserHandler = new SocketsHttpHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false };
        using var browser = new HttpClient(browserHandler) { BaseAddress = node.Http };

        using var first = await browser.GetAsync(link.Url);
        using var home = await browser.GetAsync("/");
        using var other = node.Client();
        using var second = await other.GetAsync(link.Url);

        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("home", await home.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
    }

    [Fact]
    public void A_code_is_good_once_and_for_ten_minutes()
    {
        var time = new FakeTimeProvider();
        var links = new OneTimeLinks(time);
        var (used, old) = (links.Create(Someone).Code, links.Create(Someone).Code);

        Assert.True(links.TryRedeem(used, out var identity));
        Assert.False(links.TryRedeem(used, out _));
        time.Advance(OneTimeLinks.Lifetime);
        Assert.False(links.TryRedeem(old, out _));
        Assert.Equal(Someone, identity);
    }

    [Fact]
    public void Waiting_codes_are_bounded_and_the_oldest_makes_room()
    {
        var links = new OneTimeLinks(new FakeTimeProvider());
        var codes = Enumerable.Range(0, OneTimeLinks.Capacity + 1).Select(_ => links.Create(Someone).Code).ToArray();

        Assert.False(links.TryRedeem(codes[0], out _));
        Assert.True(links.TryRedeem(codes[1], out _));
    }

    [Fact]
    public void The_admin_token_is_made_once_and_only_its_owner_may_read_it()
    {
        var folder = Directory.CreateTempSubdirectory("strata-token-").FullName;
        try
        {
            var first = AdminToken.LoadOrCreate(folder);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(first.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            var second = AdminToken.LoadOrCreate(folder);

            Assert.Equal(first.Value, second.Value);
            Assert.Single(Directory.GetFiles(folder));
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(first.Path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
