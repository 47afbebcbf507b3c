using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Tests.Access;

/// <summary>Guessing passwords is slow, and shuts out nobody else.</summary>
public sealed class FailedLoginTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly IPEndPoint Here = new(IPAddress.Parse("203.0.113.7"), 1);
    private static readonly IPEndPoint Elsewhere = new(IPAddress.Parse("203.0.113.8"), 1);

    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_pair_of_address_and_name_is_barred_and_no_other()
    {
        var logins = new FailedLogins(3, Window, time);
        Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(_ => logins.Failed(Here, "ada")));
        Assert.True(logins.IsBarred(new IPEndPoint(Here.Address, 2), "ada"));
        Assert.False(logins.IsBarred(Here, "bob"));
        Assert.False(logins.IsBarred(Elsewhere, "ada"));
        time.Advance(Window);
        Assert.False(logins.IsBarred(Here, "ada"));
        Assert.False(logins.Failed(Here, "ada"));
    }

    [Fact]
    public void Failures_far_apart_and_before_a_success_do_not_add_up()
    {
        var logins = new FailedLogins(2, Window, time);
        logins.Failed(Here, "ada");
        time.Advance(Window);
        Assert.False(logins.Failed(Here, "ada"));
        logins.Succeeded(Here, "ada");
        Assert.False(logins.Failed(Here, "ada"));
        Assert.True(logins.Failed(Here, "ada"));
    }

    [Fact]
    public void What_is_remembered_is_limited_and_makes_room_again()
    {
        var logins = new FailedLogins(1, Window, time);
        for (var i = 0; i < FailedLogins.Capacity + 10; i++)
            logins.Failed(Here, $"name-{i}");
        Assert.Equal(FailedLogins.Capacity, logins.Count);
        time.Advance(Window);
        Assert.True(logins.Failed(Here, "ada"));
        Assert.Equal(1, logins.Count);
    }

    [Fact]
    public void A_limit_of_none_bars_nobody()
    {
        var logins = new FailedLogins(0, Window, time);
        Assert.False(logins.Failed(Here, "ada"));
        Assert.False(logins.IsBarred(Here, "ada"));
    }

    [Theory]
    [InlineData(5, 0x9F)]
    [InlineData(4, 3)]
    public async Task Who_guesses_too_often_is_refused_without_a_look_at_the_password(byte version, int code)
    {
        await using var server = await TestServer.StartAsync(options => options.MaxFailedLogins = 2, time);
        server.Host.Connect = static (request, _) => new(Encoding.UTF8.GetString(request.Password.Span) == "right"
            ? ConnectDecision.Accept("tests")
            : ConnectDecision.Refuse(MqttReasonCode.BadUserNameOrPassword));
        var refused = version == 5 ? 0x86 : 4;
        Assert.Equal([refused, refused, code], [await LogInAsync("ada", "x"), await LogInAsync("ada", "y"), await LogInAsync("ada", "right")]);
        Assert.Equal(0, await LogInAsync("bob", "right"));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await LogInAsync("ada", "right"));

        async Task<int> LogInAsync(string user, string password)
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(new ConnectBuilder { ClientId = "c", Version = version, UserName = user, Password = Encoding.UTF8.GetBytes(password) }.Build());
            return (await client.ReadAsync(2)).Body[1];
        }
    }
}
