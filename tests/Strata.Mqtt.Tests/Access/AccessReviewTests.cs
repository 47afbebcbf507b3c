using Strata.Mqtt.Tests.Durability;

namespace Strata.Mqtt.Tests.Access;

/// <summary>What was granted holds only as long as the host would grant it.</summary>
public sealed class AccessReviewTests
{
    [Fact]
    public async Task A_subscription_finds_only_what_its_client_may_still_have_and_all_again_when_it_may()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("a/#", 1);
        await ForbidAsync(server, "a/secret");
        Publish(server, "a/secret", "a/open");
        Assert.Equal("a/open", (await client.ReadPublishAsync()).Topic);
        await AllowAsync(server);
        Publish(server, "a/secret");
        Assert.Equal("a/secret", (await client.ReadPublishAsync()).Topic);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_is_away_does_not_get_what_its_client_may_not_have_any_more(bool cameBefore)
    {
        await using var server = await TestServer.StartAsync();
        await AwayAsync(server);
        if (cameBefore)
            Publish(server, "a/secret", "a/open");
        await ForbidAsync(server, "a/secret");
        if (!cameBefore)
            Publish(server, "a/secret", "a/open");
        using var again = await server.ResumeAsync("c", present: true);
        Assert.Equal("a/open", (await again.ReadPublishAsync()).Topic);
        await again.PingAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_message_that_was_under_way_is_not_sent_again(byte qos)
    {
        await using var server = await TestServer.StartAsync();
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("a/#", 2);
            server.Broker.Publish("tests", "a/secret"u8, "x"u8, qos);
            await client.ReadPublishAsync();
        }

        await server.Host.NextGone();
        await ForbidAsync(server, "a/secret");
        Publish(server, "a/open");
        using var again = await server.ResumeAsync("c", present: true);
        Assert.Equal("a/open", (await again.ReadPublishAsync()).Topic);
        await again.PingAsync();
    }

    [Fact]
    public async Task Who_comes_back_as_another_gets_what_that_one_may_have()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Subscribe = static (client, _) => client.UserName == "one";
        server.Host.Receive = static (client, topic) => client.UserName == "one" || topic == "a/open";
        using (var client = await server.ResumeAsync("c", present: false, with: static connect => connect.UserName = "one"))
            await client.SubscribeAsync("a/#", 1);
        await server.Host.NextGone();
        Publish(server, "a/secret", "a/open");
        using var again = await server.ResumeAsync("c", present: true, with: static connect => connect.UserName = "two");
        Assert.Equal("a/open", (await again.ReadPublishAsync()).Topic);
        Publish(server, "a/secret", "a/open");
        Assert.Equal("a/open", (await again.ReadPublishAsync()).Topic);
    }

    [Fact]
    public async Task A_member_of_a_shared_subscription_that_may_not_have_a_message_is_passed_over()
    {
        await using var server = await TestServer.StartAsync();
        using var denied = await server.ConnectAsync("denied");
        using var allowed = await server.ConnectAsync("allowed");
        await denied.SubscribeAsync("$share/g/a/#", 1);
        await allowed.SubscribeAsync("$share/g/a/#", 1);
        server.Host.Subscribe = static (client, filter) => client.ClientId == "allowed" && filter == "a/#";
        server.Host.Receive = static (_, topic) => topic != "a/secret";
        await Deadline.For(server.Broker.ReviewAccess(), "a review");
        for (var i = 0; i < 4; i++)
        {
            Publish(server, "a/secret");
            Assert.Equal("a/secret", (await allowed.ReadPublishAsync()).Topic);
        }

        await denied.PingAsync();
    }

    [Fact]
    public async Task A_retained_message_goes_when_its_author_may_not_publish_it_any_more()
    {
        await using var server = await TestServer.StartAsync();
        using (var author = await server.ConnectAsync("author"))
        {
            await author.SendAsync(Packets.Publish("r/kept", "x", 1, qos: 1, retain: true));
            await author.ReadAsync(4);
            await author.SendAsync(Packets.Publish("r/gone", "x", 2, qos: 1, retain: true));
            await author.ReadAsync(4);
        }

        server.Broker.Publish("tests", "r/host"u8, "x"u8, retain: true);
        server.Host.Retain = static (author, topic) => author.ClientId == "author" && topic == "r/kept";
        await Deadline.For(server.Broker.ReviewAccess(), "a review");
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("r/#", 0);
        Assert.Equal(["r/host", "r/kept"], new[] { (await client.ReadPublishAsync()).Topic, (await client.ReadPublishAsync()).Topic }.Order());
        await client.PingAsync();
    }

    [Fact]
    public async Task A_client_that_may_not_be_here_any_more_is_sent_away_and_its_session_ends()
    {
        await using var server = await TestServer.StartAsync();
        using var here = await server.ResumeAsync("here", present: false);
        await here.SubscribeAsync("t", 1);
        using var other = await server.ResumeAsync("other", present: false);
        await AwayAsync(server, "away");
        server.Host.ReviewWith = static client => ConnectDecision.Refuse(client.ClientId == "other" ? MqttReasonCode.Success : MqttReasonCode.NotAuthorized);
        await Deadline.For(server.Broker.ReviewAccess("tests"), "a review");
        Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await here.ReadAsync(14)).Body[0]);
        await other.PingAsync();
        using var again = await server.ResumeAsync("here", present: false);
        using var back = await server.ResumeAsync("away", present: false);
    }

    [Fact]
    public async Task A_review_of_one_owner_leaves_the_others_alone()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (request, _) => new(ConnectDecision.Accept("tests", owner: request.UserName!));
        using var mine = await server.ResumeAsync("c", present: false, with: static connect => connect.UserName = "mine");
        using var theirs = await server.ResumeAsync("c", present: false, with: static connect => connect.UserName = "theirs");
        server.Host.ReviewWith = static _ => ConnectDecision.Refuse(MqttReasonCode.NotAuthorized);
        await Deadline.For(server.Broker.ReviewAccess("tests", "mine"), "a review");
        await mine.ReadAsync(14);
        await theirs.PingAsync();
    }

    [Fact]
    public async Task What_is_granted_while_the_rules_change_is_granted_by_the_new_ones()
    {
        await using var server = await TestServer.StartAsync();
        var reviewed = false;
        server.Host.Subscribe = (_, _) =>
        {
            if (reviewed)
                return false;
            reviewed = true;
            _ = server.Broker.ReviewAccess();
            return true;
        };
        server.Host.Receive = static (_, topic) => topic != "a/secret";
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("a/#", 1);
        Publish(server, "a/secret", "a/open");
        Assert.Equal("a/open", (await client.ReadPublishAsync()).Topic);
    }

    [Fact]
    public async Task Who_connects_while_the_rules_change_is_judged_by_the_new_ones()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = async (_, _) =>
        {
            await server.Broker.ReviewAccess();
            return ConnectDecision.Accept("tests");
        };
        server.Host.ReviewWith = static _ => ConnectDecision.Refuse(MqttReasonCode.NotAuthorized);
        using var client = await server.ConnectAsync("c");
        Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await client.ReadAsync(14)).Body[0]);
    }

    [Fact]
    public async Task What_is_retained_while_the_rules_change_goes_by_the_new_ones()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = (_, _) =>
        {
            var review = server.Broker.ReviewAccess();
            SpinWait.SpinUntil(() => review.IsCompleted, Deadline.Default);
            return PublishVerdict.Route;
        };
        server.Host.Retain = static (_, _) => false;
        using var author = await server.ConnectAsync("author");
        await author.SendAsync(Packets.Publish("r", "x", 1, qos: 1, retain: true));
        await author.ReadAsync(4);
        await author.PingAsync();
        await Deadline.For(server.Broker.ReviewAccess("none"), "the review before it");
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("r", 0);
        await client.PingAsync();
    }

    [Fact]
    public async Task A_host_that_fails_in_a_review_grants_nothing()
    {
        await using var server = await TestServer.StartAsync();
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("a/#", 1);
            server.Host.Receive = static (_, _) => false;
            server.Host.ReviewWith = static _ => throw new InvalidOperationException("the host fails");
            await Deadline.For(server.Broker.ReviewAccess(), "a review");
            await client.ReadAsync(14);
        }

        Assert.Contains("the host fails", Assert.Single(server.Faults.Messages), StringComparison.Ordinal);
        server.Faults.Messages.Clear();
        Publish(server, "a/secret");
        server.Host.ReviewWith = null;
        server.Host.Receive = static (_, _) => true;
        using var again = await server.ResumeAsync("c", present: true);
        await again.PingAsync();
    }

    [Fact]
    public async Task Rights_that_were_lost_while_the_program_was_away_are_lost()
    {
        await using var crashing = new CrashingServer(stored: true);
        await crashing.StartAsync();
        await AwayAsync(crashing.Server);
        using (var author = await crashing.Server.ConnectAsync("author"))
        {
            await author.SendAsync(Packets.Publish("a/secret", "x", 1, qos: 1));
            await author.ReadAsync(4);
            await author.SendAsync(Packets.Publish("a/open", "x", 2, qos: 1, retain: true));
            await author.ReadAsync(4);
        }

        crashing.Prepare = static host =>
        {
            Forbid(host, "a/secret");
            host.Retain = static (author, _) => author.ClientId != "author";
        };
        await crashing.CrashAsync();
        using (var again = await crashing.Server.ResumeAsync("c", present: true))
        {
            Assert.Equal("a/open", (await again.ReadPublishAsync()).Topic);
            await again.SubscribeAsync("a/open", 1);
            await again.PingAsync();
        }

        // Gone is gone, also when the right comes back.
        crashing.Prepare = null;
        await crashing.BarrierAsync();
        await crashing.CrashAsync();
        using var last = await crashing.Server.ConnectAsync("last");
        await last.SubscribeAsync("a/open", 1);
        await last.PingAsync();
    }

    private static async Task AwayAsync(TestServer server, string clientId = "c")
    {
        using (var client = await server.ResumeAsync(clientId, present: false))
            await client.SubscribeAsync("a/#", 1);
        await server.Host.NextGone();
    }

    private static void Forbid(TestHost host, string topic)
    {
        host.Subscribe = static (_, filter) => filter != "a/#";
        host.Receive = (_, asked) => asked != topic;
    }

    private static async Task ForbidAsync(TestServer server, string topic)
    {
        Forbid(server.Host, topic);
        await Deadline.For(server.Broker.ReviewAccess(), "a review");
    }

    private static async Task AllowAsync(TestServer server)
    {
        server.Host.Subscribe = static (_, _) => true;
        server.Host.Receive = static (_, _) => false;
        await Deadline.For(server.Broker.ReviewAccess(), "a review");
    }

    private static void Publish(TestServer server, params string[] topics)
    {
        foreach (var topic in topics)
            server.Broker.Publish("tests", System.Text.Encoding.ASCII.GetBytes(topic), "x"u8, qos: 1);
    }
}
