using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MimeKit;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tests.Access;
using Strata.Node.Operations;
using Strata.Testing;

namespace Strata.Cloud.Tests.Mail;

/// <summary>Links that are sent by e-mail, to a real mail server and past one that is away, refuses or is not to be trusted.</summary>
public sealed class MailTests : IAsyncLifetime
{
    private const string Public = "https://strata.test:8443";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-mail-").FullName;
    private readonly int port = FreePort.Draw();
    private TestAuthority authority = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        authority = new TestAuthority(folder);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_invitation_and_a_new_password_come_by_mail_with_links_of_the_public_address_and_are_shown_nowhere()
    {
        await using var server = new TestMailServer(port, TestMailServer.Certificate(authority, folder), asksForPassword: true);
        await using var cloud = await StartAsync(Options());
        await cloud.Client.CreateTenantAsync(new CreateTenant("Ash & Sons"), Cancelled);
        var admin = new StrataClient(cloud.Http, null, "ash-sons");
        var answer = await admin.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled);
        Assert.Equal((null, true), (answer.Url, answer.Mailed));
        var mail = await server.NextAsync();
        Assert.Equal(("bo@ash.example", "Strata <strata@strata.test>", "You are invited to Ash & Sons on Strata"), (mail.To.ToString(), mail.From.ToString().Replace("\"", "", StringComparison.Ordinal), mail.Subject));
        var link = LinkIn(mail.TextBody);
        Assert.Equal(link, WebUtility.HtmlDecode(Regex.Match(mail.HtmlBody ?? "", "href=\"([^\"]*)\"").Groups[1].Value));
        Assert.Contains("Ash &amp; Sons", mail.HtmlBody, StringComparison.Ordinal);
        Assert.StartsWith($"{Public}/join?code=", link, StringComparison.Ordinal);
        var listed = await UntilAsync(async () => (await admin.ListUsersAsync(cancellationToken: Cancelled)).Items.Single(), u => u.Mail == "sent");
        Assert.Null(listed.MailProblem);
        Assert.Null(cloud.Node.Services.GetRequiredService<PeopleStore>().Mails.Single().Link); // Nobody needs it any more.

        using var browser = new FormBrowser(cloud.Node.Address);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(new Uri(link).PathAndQuery, ("code", CodeOf(link)), ("name", "Bo"), ("password", FormBrowser.Password))).StatusCode);
        Assert.Empty(cloud.Node.Services.GetRequiredService<PeopleStore>().Mails);
        Assert.True((await admin.ResetPasswordAsync("bo@ash.example", cancellationToken: Cancelled)).Mailed);
        var reset = await server.NextAsync();
        Assert.Equal("Choose a new password for Strata", reset.Subject);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(new Uri(LinkIn(reset.TextBody)).PathAndQuery, ("code", CodeOf(LinkIn(reset.TextBody))), ("password", "another long enough one"))).StatusCode);
        Assert.StartsWith(Public, (await admin.InviteUserAsync(new InviteUser("cy@ash.example", [new GrantInfo("viewer")], ShowLink: true), Cancelled)).Url!, StringComparison.Ordinal);
        var audit = (await admin.ListAuditAsync(cancellationToken: Cancelled)).Items;
        Assert.Equal(2, audit.Count(a => a is { Action: "send", Kind: "mail", Id: "bo@ash.example", Result: "done" }));
        Assert.DoesNotContain(audit, a => $"{a.Before}{a.After}{a.Detail}".Contains(CodeOf(link)[13..], StringComparison.Ordinal));
        Assert.Equal(2, server.Delivered);
    }

    [Fact]
    public async Task A_mail_waits_for_a_server_that_is_away_over_a_restart_and_is_sent_once_when_it_is_back()
    {
        var certificate = TestMailServer.Certificate(authority, folder);
        await using var cloud = await StartAsync(Options());
        await cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled);
        await cloud.Client.InviteUserAsync(new InviteUser("cy@ash.example", [new GrantInfo("viewer")]), Cancelled);
        var health = await HealthAsync(cloud, "degraded");
        Assert.Contains($"127.0.0.1:{port}", health.Detail, StringComparison.Ordinal);
        Assert.Contains("2 wait", health.Detail, StringComparison.Ordinal);
        await cloud.Client.WithdrawInvitationAsync((await cloud.Client.ListUsersAsync(cancellationToken: Cancelled)).Items.Single(u => u.Email == "cy@ash.example").Id!, Cancelled);
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal("waiting", Assert.Single((await cloud.Client.ListUsersAsync(cancellationToken: Cancelled)).Items).Mail);
        await using var server = new TestMailServer(port, certificate, asksForPassword: true);
        Assert.Equal("bo@ash.example", (await server.NextAsync()).To.ToString());
        await UntilAsync(async () => (await cloud.Client.ListUsersAsync(cancellationToken: Cancelled)).Items.Single(), u => u.Mail == "sent");
        Assert.Contains("1 sent", (await HealthAsync(cloud, "ok")).Detail, StringComparison.Ordinal);
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal("sent", Assert.Single((await cloud.Client.ListUsersAsync(cancellationToken: Cancelled)).Items).Mail);
        await cloud.Client.InviteUserAsync(new InviteUser("di@ash.example", [new GrantInfo("viewer")]), Cancelled);
        Assert.Equal("di@ash.example", (await server.NextAsync()).To.ToString()); // And not bo once more.
    }

    [Fact]
    public async Task A_recipient_whom_the_server_does_not_know_is_given_up_and_keeps_nobody_else_waiting()
    {
        await using var server = new TestMailServer(port, TestMailServer.Certificate(authority, folder), asksForPassword: true, to => to != "nobody@ash.example");
        await using var cloud = await StartAsync(Options());
        await cloud.Client.InviteUserAsync(new InviteUser("nobody@ash.example", [new GrantInfo("viewer")]), Cancelled);
        await cloud.Client.InviteUserAsync(new InviteUser("zoe@ash.example", [new GrantInfo("viewer")]), Cancelled);
        Assert.Equal("zoe@ash.example", (await server.NextAsync()).To.ToString());
        var listed = await UntilAsync(async () => (await cloud.Client.ListUsersAsync(cancellationToken: Cancelled)).Items.Single(u => u.Email == "nobody@ash.example"), u => u.Mail == "failed");
        Assert.StartsWith("550", listed.MailProblem, StringComparison.Ordinal);
        Assert.Contains((await cloud.Client.ListAuditAsync(cancellationToken: Cancelled)).Items, a => a is { Action: "send", Id: "nobody@ash.example", Result: "failed" });
        Assert.Equal("ok", (await HealthAsync(cloud, "ok")).Status);
    }

    [Fact]
    public async Task A_server_without_StartTls_gets_neither_password_nor_mail()
    {
        await using var server = new TestMailServer(port);
        await using var cloud = await StartAsync(Options());
        await cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled);
        Assert.Contains("STARTTLS", (await HealthAsync(cloud, "degraded")).Detail, StringComparison.OrdinalIgnoreCase);
        Assert.True(server.Sessions > 0);
        Assert.DoesNotContain(server.Commands, c => c is "AUTH" or "MAIL" or "RCPT" or "DATA");
    }

    [Fact]
    public async Task A_server_with_a_certificate_of_somebody_else_gets_neither_password_nor_mail()
    {
        var other = Directory.CreateDirectory(Path.Combine(folder, "other")).FullName;
        using var foreign = new TestAuthority(other);
        await using var server = new TestMailServer(port, TestMailServer.Certificate(foreign, other), asksForPassword: true);
        await using var cloud = await StartAsync(Options());
        await cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled);
        Assert.DoesNotContain(TestMailServer.Password, (await HealthAsync(cloud, "degraded")).Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Commands, c => c is "AUTH" or "MAIL" or "RCPT" or "DATA");
    }

    [Fact]
    public async Task A_mail_whose_link_grows_too_old_is_given_up()
    {
        var time = new MovedTime();
        await using var cloud = await StartAsync(Options(), time);
        await cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled);
        await HealthAsync(cloud, "degraded");
        time.Offset = TimeSpan.FromDays(4);
        await UntilAsync(async () => (await cloud.Client.ListAuditAsync(cancellationToken: Cancelled)).Items, audit => audit.Any(a => a is { Action: "send", Id: "bo@ash.example", Result: "failed" }));
        Assert.Equal((MailState.Failed, true), cloud.Node.Services.GetRequiredService<PeopleStore>().Mails.Select(m => (m.State, m.Link is null)).Single());
    }

    [Fact]
    public async Task A_tenant_has_so_many_mails_an_hour_sent_and_no_more()
    {
        await using var cloud = await StartAsync(Options(maxHourly: 2));
        await cloud.Client.CreateTenantAsync(new CreateTenant("birch"), Cancelled);
        foreach (var _ in Enumerable.Range(0, 2))
            await cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")]), Cancelled));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull((await cloud.Client.InviteUserAsync(new InviteUser("bo@ash.example", [new GrantInfo("viewer")], ShowLink: true), Cancelled)).Url);
        Assert.True((await new StrataClient(cloud.Http, null, "birch").InviteUserAsync(new InviteUser("bo@birch.example", [new GrantInfo("viewer")]), Cancelled)).Mailed);
    }

    [Theory]
    [InlineData("Ash\r\nBcc: eve@example.com\r\n\r\nhello")]
    [InlineData("Ash\nBcc: eve@example.com")]
    [InlineData("Ash\u2028Bcc: eve@example.com\u0085Bcc: eve@example.com")]
    public void A_name_with_line_ends_makes_no_header_and_no_line_of_its_own(string name)
    {
        var now = DateTimeOffset.UnixEpoch;
        var invitation = new InvitationRow { TenantId = "ash", Id = "a", CodeHash = [], Email = "bo@ash.example", Grants = "[]", Created = now, CreatedBy = name, Expires = now };
        var row = new MailRow { TenantId = "ash", Id = "a", Recipient = "bo@ash.example", State = MailState.Waiting, Due = now, Created = now };
        using var message = MailText.Make(Options(), row, invitation, name, "https://strata.test/join?code=a.b");
        using var written = new MemoryStream();
        message.WriteTo(written, Cancelled);
        Assert.DoesNotMatch("(?im)^Bcc", Encoding.UTF8.GetString(written.ToArray()));
        written.Position = 0;
        using var read = MimeMessage.Load(written, Cancelled);
        Assert.Equal(("bo@ash.example", 0, 0), (read.To.ToString(), read.Bcc.Count, read.Cc.Count));
        Assert.DoesNotMatch("(?m)^\\s*Bcc", read.TextBody);
    }

    [Fact]
    public void Options_that_would_leak_or_lead_nowhere_are_refused_with_a_reason()
    {
        Assert.Contains("--public-url", Assert.Throws<CloudConfigurationException>(() => new CloudOptions { DataFolder = folder, Smtp = Options() }.Validate()).Message, StringComparison.Ordinal);
        Assert.Contains("--public-url", Assert.Throws<CloudConfigurationException>(() => new CloudOptions { DataFolder = folder, PublicUrl = new Uri("https://a.example/path") }.Validate()).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(Options().PasswordFile!, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<ArgumentException>(() => Options(keepMode: true).Validate()).Message, StringComparison.Ordinal);
        Assert.Contains("--smtp-tls", Assert.Throws<ArgumentException>(() => Options(tls: SmtpTls.None).Validate()).Message, StringComparison.Ordinal);
        Assert.Contains("--smtp-from", Assert.Throws<ArgumentException>(() => new SmtpOptions { Host = "mail", From = "nobody" }.Validate()).Message, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync()
    {
        authority.Dispose();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string LinkIn(string? text) => Regex.Match(text ?? "", "https?://\\S+").Value;

    private static string CodeOf(string link) => new Uri(link).Query[6..];

    private SmtpOptions Options(int maxHourly = 200, SmtpTls tls = SmtpTls.StartTls, bool keepMode = false)
    {
        var password = Path.Combine(folder, "password");
        if (!keepMode)
        {
            File.WriteAllText(password, $"{TestMailServer.Password}\n");
            File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        return new SmtpOptions
        {
            Host = "127.0.0.1", Port = port, From = "Strata <strata@strata.test>", CaFile = authority?.CaFile, User = TestMailServer.User, PasswordFile = password, Tls = tls,
            FirstRetry = TimeSpan.FromMilliseconds(100), LongestRetry = TimeSpan.FromMilliseconds(400), MaxHourly = maxHourly,
        };
    }

    private static async Task<MailedCloud> StartAsync(SmtpOptions options, TimeProvider? time = null)
    {
        var cloud = new MailedCloud(options, time);
        await cloud.StartAsync();
        return cloud;
    }

    private static async Task<HealthCheck> HealthAsync(RunningCloud cloud, string status) =>
        (await UntilAsync(() => cloud.Client.GetHealthAsync(Cancelled), h => h.Checks.Single(c => c.Name == "mail").Status == status)).Checks.Single(c => c.Name == "mail");

    internal static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(Deadline.Default);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        while (true)
        {
            var answer = await ask();
            if (holds(answer))
                return answer;
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Awaited in vain; the last answer was {answer}.");
            }
        }
    }

    private sealed class MailedCloud : RunningCloud
    {
        private readonly TimeProvider? time;

        public MailedCloud(SmtpOptions options, TimeProvider? time) => (Smtp, PublicUrl, this.time) = (options, new Uri(Public), time);

        protected override void Configure(WebApplicationBuilder builder)
        {
            if (time is not null)
                builder.Services.Replace(ServiceDescriptor.Singleton(time));
        }
    }
}
