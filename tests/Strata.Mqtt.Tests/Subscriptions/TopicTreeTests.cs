using System.Text;
using CsCheck;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Subscriptions;

public sealed class TopicTreeTests
{
    private static readonly Gen<string> Level = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("cc"), Gen.Const(""), Gen.Const("$x"), Gen.Const("a long level of more than eight bytes"));
    private static readonly Gen<string> Topic = Level.Array[1, 5].Select(static levels => string.Join('/', levels)).Where(static topic => topic.Length > 0);

    private static readonly Gen<string> Filter =
        from levels in Gen.Frequency((4, Level), (2, Gen.Const("+"))).Array[1, 5]
        from multi in Gen.OneOf(Gen.Const(""), Gen.Const(""), Gen.Const("#"), Gen.Const("/#"))
        let filter = multi == "#" ? "#" : string.Join('/', levels) + multi
        where filter.Length > 0
        select filter;

    [Fact]
    public void The_tree_matches_as_the_naive_matcher_does() =>
        Gen.Select(Filter.Array[0, 30], Gen.Bool.Array[30], Topic.Array[1, 10]).Sample((filters, removed, topics) =>
        {
            var tree = new TopicTree();
            var held = new List<(string Filter, Session Session)>();
            for (var i = 0; i < filters.Length; i++)
            {
                var session = NewSession();
                var subscription = tree.Add(session, Encoding.UTF8.GetBytes(filters[i]), new SubscriptionOptions(1, false, false));
                if (removed[i])
                    tree.Remove(subscription);
                else
                    held.Add((filters[i], session));
            }

            foreach (var topic in topics)
            {
                var expected = held.Where(one => NaiveMatch(one.Filter, topic)).Select(static one => one.Session).ToHashSet();
                var found = MatchesOf(tree, topic).Select(static match => match.Session).ToList();
                Assert.True(expected.SetEquals(found), $"{topic} against {string.Join(' ', held.Select(static one => one.Filter))}");
                Assert.Equal(expected.Count, found.Count);
                Assert.Equal(expected.Count > 0, tree.HasMatch(Encoding.UTF8.GetBytes(topic)));
            }

            return tree.Count == held.Count;
        });

    [Theory]
    [InlineData("#")]
    [InlineData("+/monitor")]
    [Spec("MQTT-4.7.2-1")]
    public void A_wildcard_at_the_start_does_not_match_a_dollar_topic(string filter) => Assert.False(NewTree(filter).HasMatch("$SYS/monitor"u8));

    [Fact]
    public void A_filter_that_names_the_dollar_level_matches_it() => Assert.True(NewTree("$SYS/#").HasMatch("$SYS/monitor"u8));

    [Fact]
    public void A_multi_level_wildcard_matches_its_parent() => Assert.True(NewTree("sport/#").HasMatch("sport"u8));

    [Fact]
    [Spec("MQTT-3.3.4-2")]
    public void A_session_with_overlapping_filters_is_found_once_with_the_highest_QoS()
    {
        var tree = new TopicTree();
        var session = NewSession();
        tree.Add(session, "a/#"u8, new SubscriptionOptions(0, false, false));
        tree.Add(session, "a/b"u8, new SubscriptionOptions(1, false, false));
        for (var i = 0; i < 100; i++)
            tree.Add(NewSession(), "a/#"u8, new SubscriptionOptions(0, false, false));
        tree.Add(session, "a/+"u8, new SubscriptionOptions(0, false, false));
        var match = Assert.Single(MatchesOf(tree, "a/b"), match => match.Session == session);
        Assert.Equal(1, match.QoS);
    }

    [Fact]
    public void Ten_thousand_filters_come_and_go_and_leave_nothing()
    {
        var tree = new TopicTree();
        var subscriptions = Enumerable.Range(0, 10_000)
            .Select(n => tree.Add(NewSession(), Encoding.UTF8.GetBytes($"devices/{n}/+/x"), new SubscriptionOptions(0, false, false)))
            .ToList();
        Assert.Single(MatchesOf(tree, "devices/77/a/x"));
        foreach (var subscription in subscriptions)
            tree.Remove(subscription);
        Assert.Equal(0, tree.Count);
        Assert.False(tree.HasMatch("devices/77/a/x"u8));
    }

    [Fact]
    public async Task Matching_beside_changes_always_sees_what_stays()
    {
        var tree = new TopicTree();
        var stays = NewSession();
        tree.Add(stays, "devices/+/telemetry"u8, new SubscriptionOptions(0, false, false));
        using var stop = new CancellationTokenSource();
        var changes = Task.Run(() =>
        {
            var options = new SubscriptionOptions(0, false, false);
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                var held = Enumerable.Range(n, 40).Select(i => tree.Add(NewSession(), Encoding.UTF8.GetBytes($"devices/{i % 64}/telemetry"), options)).ToList();
                held.ForEach(tree.Remove);
            }
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < 50_000; i++)
            Assert.Contains(MatchesOf(tree, $"devices/{i % 64}/telemetry"), match => match.Session == stays);
        await stop.CancelAsync();
        await changes;
    }

    private static Session NewSession()
    {
        var (options, clock) = (new MqttOptions(), new MqttClock(TimeProvider.System));
        return new Session(new MqttNamespace("n", new TestHost(), options, clock, null), "", "c", options, clock);
    }

    private static TopicTree NewTree(string filter)
    {
        var tree = new TopicTree();
        tree.Add(NewSession(), Encoding.UTF8.GetBytes(filter), new SubscriptionOptions(0, false, false));
        return tree;
    }

    private static List<Match> MatchesOf(TopicTree tree, string topic)
    {
        var matches = new MatchList();
        matches.Begin(null);
        tree.Match(Encoding.UTF8.GetBytes(topic), matches);
        return [.. matches.Matches];
    }

    private static bool NaiveMatch(string filter, string topic)
    {
        var (f, t) = (filter.Split('/'), topic.Split('/'));
        if (topic.StartsWith('$') && (f[0] is "#" or "+"))
            return false;
        for (var i = 0; i < f.Length; i++)
        {
            if (f[i] == "#")
                return true;
            if (i >= t.Length || (f[i] != "+" && f[i] != t[i]))
                return false;
        }

        return f.Length == t.Length;
    }
}
