using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tests.Access;
using Strata.Node.Operations;

namespace Strata.Cloud.Tests.Mail;

/// <summary>The day's digest of the fleet, by a real mail server.</summary>
public sealed class DigestTests : IAsyncLifetime
{
    private readonly int port = FreePort.Draw();
    private readonly MovedTime time = new();
    private Mailed cloud = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private PeopleStore People => cloud.Node.Services.GetRequiredService<PeopleStore>();

    public async ValueTask InitializeAsync()
    {
        time.Offset = TimeProvider.System.GetUtcNow().Date.AddDays(1).AddHours(5) - TimeProvider.System.GetUtcNow().UtcDateTime; // Five in the morning.
        cloud = new Mailed(port, time);
        await cloud.InitializeAsync();
        await cloud.Client.CreateTenantAsync(new CreateTenant("ash"), Cancelled);
        await Ash.ApplyAsync(
            """
            apiVersion: strata/v1
            site: hq
            children: [ { site: floor-1 }, { site: floor-2 } ]
            devices: [ { id: a-1, site: hq/floor-1 }, { id: a-2, site: hq/floor-2 }, { id: a-3, site: hq/floor-2 } ]
            """, dryRun: false, prune: false, cancellationToken: Cancelled);
    }

    public async ValueTask DisposeAsync() => await cloud.DisposeAsync();

    private StrataClient Ash => new(cloud.Http, null, "ash");

    [Fact]
    public async Task A_member_who_asks_gets_one_a_day_of_what_he_may_see_until_he_stops_it()
    {
        await using var server = new TestMailServer(port, null, asksForPassword: false);
        using var browser = await JoinAsync("bo@ash.example", new GrantInfo("viewer", ["hq/floor-2"]));
        Assert.False((await MeAsync(browser)).Digest);
        Assert.Equal(HttpStatusCode.NoContent, await AskAsync(browser, true));
        Assert.True((await MeAsync(browser)).Digest);
        await DueAsync();
        Assert.Empty(People.Mails); // It is five.

        time.Offset += TimeSpan.FromHours(1.5);
        await DueAsync();
        await DueAsync();
        var mail = await server.NextAsync();
        Assert.Equal(("bo@ash.example", "ash: 0 healthy, 2 never heard"), (mail.To.ToString(), mail.Subject));
        Assert.Contains("2 never heard", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("https://strata.test/fleet", mail.TextBody, StringComparison.Ordinal);
        var sent = await UntilAsync(() => People.Mails.SingleOrDefault(m => m.State == MailState.Sent));
        Assert.Null(sent.Digest); // Nobody needs it any more.

        await cloud.StopAsync();
        await cloud.StartAsync();
        await DueAsync(); // A start again sends nothing twice.
        Assert.Equal(sent.Id, Assert.Single(People.Mails).Id);

        time.Offset += TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1);
        await DueAsync();
        Assert.Equal(mail.Subject, (await server.NextAsync()).Subject);
        await UntilAsync(() => People.Mails.SingleOrDefault(m => m.State == MailState.Sent && m.Id != sent.Id)); // That of the day before is gone.

        using var again = new FormBrowser(cloud.Node.Address);
        await again.PostAsync("/login", ("email", "bo@ash.example"), ("password", FormBrowser.Password));
        Assert.Equal(HttpStatusCode.NoContent, await AskAsync(again, false));
        time.Offset += TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1);
        await DueAsync();
        Assert.Empty(People.Mails);
    }

    [Fact]
    public async Task Who_is_shut_out_while_the_mail_server_is_away_gets_none()
    {
        using var browser = await JoinAsync("cy@ash.example", new GrantInfo("viewer"));
        await AskAsync(browser, true);
        time.Offset += TimeSpan.FromHours(2);
        await DueAsync();
        Assert.Equal(MailState.Waiting, Assert.Single(People.Mails).State);
        await Ash.ChangeUserAsync("cy@ash.example", new ChangeUser(Enabled: false), Cancelled);
        await using var server = new TestMailServer(port, null, asksForPassword: false);
        var ended = await UntilAsync(() => People.Mails.SingleOrDefault(m => m.State != MailState.Waiting));
        Assert.Equal(MailState.Failed, ended.State);
    }

    private Task DueAsync() => cloud.Node.Services.GetRequiredService<DigestRunner>().WriteDueAsync(Cancelled);

    /// <summary>By a link that is shown, as no mail of it is wanted here.</summary>
    private async Task<FormBrowser> JoinAsync(string email, GrantInfo grant)
    {
        var link = (await Ash.InviteUserAsync(new InviteUser(email, [grant], ShowLink: true), Cancelled)).Url!;
        var browser = new FormBrowser(cloud.Node.Address);
        var code = new Uri(link).Query[6..];
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(new Uri(link).PathAndQuery, ("code", code), ("name", "Somebody"), ("password", FormBrowser.Password))).StatusCode);
        return browser;
    }

    private static async Task<HttpStatusCode> AskAsync(FormBrowser browser, bool daily)
    {
        using var answer = await browser.Http.PutAsJsonAsync("api/v1/me/digest", new { daily }, Cancelled);
        return answer.StatusCode;
    }

    private static async Task<MeInfo> MeAsync(FormBrowser browser) => (await browser.Http.GetFromJsonAsync("api/v1/me", ContractsJson.Default.MeInfo, Cancelled))!;

    private static async Task<MailRow> UntilAsync(Func<MailRow?> look) => (await MailTests.UntilAsync(() => Task.FromResult(look()), m => m is not null))!;

    private sealed class Mailed : RunningCloud
    {
        private readonly TimeProvider time;

        public Mailed(int port, TimeProvider time)
        {
            this.time = time;
            PublicUrl = new Uri("https://strata.test");
            Smtp = new SmtpOptions { Host = "127.0.0.1", Port = port, From = "strata@strata.test", Tls = SmtpTls.None, FirstRetry = TimeSpan.FromMilliseconds(100), LongestRetry = TimeSpan.FromMilliseconds(400) };
        }

        protected override void Configure(WebApplicationBuilder builder) => builder.Services.Replace(ServiceDescriptor.Singleton(time));
    }
}
