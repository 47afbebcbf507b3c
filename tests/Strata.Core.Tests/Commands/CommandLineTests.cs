using Strata.Core.Commands;

namespace Strata.Core.Tests.Commands;

/// <summary>Which of a device's commands goes when.</summary>
public sealed class CommandLineTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private sealed record Item(string Name, CommandTerms Terms, CommandProgress Progress);

    [Fact]
    public void Of_what_waits_the_highest_priority_goes_first_then_the_oldest_one_at_a_time()
    {
        Item[] open = [Queued("old", 0, -30), Queued("high", 9, -10), Queued("higher-but-younger", 9, -5), Queued("new", 0, -1)];
        Assert.Equal([("high", CommandStep.Say)], Decide(open, DeviceReach.Here));
        Assert.Equal([("high", CommandStep.Say), ("higher-but-younger", CommandStep.Say), ("old", CommandStep.Say)], Decide(open, DeviceReach.ThroughGateway, atOnce: 3));
        Assert.Empty(Decide(open, DeviceReach.Away));
        Assert.Empty(Decide(open, DeviceReach.GatewayAway));
    }

    [Fact]
    public void What_is_under_way_holds_the_queue_and_what_somebody_waits_for_does_not_queue()
    {
        var waiting = Queued("waiting", 9, -10);
        var underWay = Queued("under way", 0, -20) is var item ? item with { Progress = item.Progress.Say(item.Terms, Now)!.Deliver(item.Terms, Now)! } : null!;
        var direct = Queued("direct", 0, 0) is var d ? d with { Terms = d.Terms with { IsDirect = true } } : null!;
        Assert.Equal([("direct", CommandStep.Say)], Decide([waiting, underWay, direct], DeviceReach.Here));
        // When its time is over the next one goes at once.
        var over = underWay with { Progress = underWay.Progress with { AnswerBy = Now } };
        Assert.Equal([("under way", CommandStep.End), ("waiting", CommandStep.Say)], Decide([waiting, over], DeviceReach.Here));
    }

    [Fact]
    public void What_the_device_has_not_acknowledged_waits_again_when_its_connection_goes_and_not_when_a_gateway_has_it()
    {
        var sent = Queued("sent", 0, -20) is var item ? item with { Progress = item.Progress.Say(item.Terms, Now)! } : null!;
        Assert.Equal([("sent", CommandStep.Lose)], Decide([sent], DeviceReach.Away));
        Assert.Empty(Decide([sent], DeviceReach.GatewayAway));
        Assert.Empty(Decide([sent], DeviceReach.ThroughGateway));
        // After a restart nobody knows whether the gateway was given it.
        Assert.Equal([("sent", CommandStep.Say)], Decide([sent with { Progress = sent.Progress with { AttemptsHere = 0 } }], DeviceReach.ThroughGateway));
        var delivered = sent with { Progress = sent.Progress.Deliver(sent.Terms, Now)! };
        Assert.Empty(Decide([delivered], DeviceReach.Away));
    }

    [Fact]
    public void What_one_gateway_has_for_a_device_that_is_heard_through_another_goes_there_after_a_while()
    {
        var sent = Queued("sent", 0, -20) is var item ? item with { Progress = item.Progress.Say(item.Terms, Now.AddSeconds(-4.9), throughGateway: true)! } : null!;
        Assert.Empty(Decide([sent, Queued("next", 0, -10)], DeviceReach.ThroughAnother));
        var overdue = sent with { Progress = sent.Progress with { Tried = Now.AddSeconds(-5) } };
        Assert.Equal([("sent", CommandStep.Lose)], Decide([overdue, Queued("next", 0, -10)], DeviceReach.ThroughAnother));
        Assert.Equal([("sent", CommandStep.Say)], Decide([sent with { Progress = overdue.Progress.Lose()! }], DeviceReach.ThroughGateway));
        // Back and forth it goes ever more slowly.
        Assert.Empty(Decide([sent with { Progress = overdue.Progress with { Attempts = 2 } }], DeviceReach.ThroughAnother));
        // What the device has is the device's.
        Assert.Empty(Decide([sent with { Progress = overdue.Progress.Deliver(sent.Terms, Now)! }], DeviceReach.ThroughAnother));
    }

    [Fact]
    public void What_has_expired_is_ended_and_never_said()
    {
        var expired = Queued("expired", 9, -60) is var item ? item with { Terms = item.Terms with { Expires = Now } } : null!;
        Assert.Equal([("expired", CommandStep.End), ("next", CommandStep.Say)], Decide([expired, Queued("next", 0, -1)], DeviceReach.Here));
        Assert.Equal([("expired", CommandStep.End)], Decide([expired], DeviceReach.Away));
    }

    [Fact]
    public void A_command_that_the_device_does_not_listen_to_holds_none_that_it_does()
    {
        Item[] open = [Queued("deaf", 9, -2), Queued("heard", 0, -1)];
        var steps = CommandLine.Decide(open, static i => (i.Terms, i.Progress), i => i.Name == "deaf" ? DeviceReach.Away : DeviceReach.Here, 1, Now);
        Assert.Equal(["heard"], steps.Select(s => s.Command.Name));
    }

    [Fact]
    public void What_was_lost_is_said_again_before_what_came_after_it()
    {
        var sent = Queued("first", 0, -20) is var item ? item with { Progress = item.Progress.Say(item.Terms, Now)! } : null!;
        Item[] open = [sent, Queued("second", 0, -10)];
        // The device listens to the second already.
        Assert.Equal([("first", CommandStep.Lose)], CommandLine.Decide(open, static i => (i.Terms, i.Progress), i => i.Name == "first" ? DeviceReach.Away : DeviceReach.Here, 1, Now).Select(static s => (s.Command.Name, s.Step)));
        var lost = sent with { Progress = sent.Progress.Lose()! };
        Assert.Equal([("first", CommandStep.Say)], Decide([open[1], lost], DeviceReach.Here));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_device_that_begins_to_listen_while_it_is_asked_is_asked_again(int heardFrom)
    {
        var asked = 0;
        DeviceReach Ask(string name) => ++asked > heardFrom ? DeviceReach.Here : DeviceReach.Away;
        Assert.Null(CommandLine.OfOneMoment(["first", "second"], Ask, static r => r));
        Assert.Equal([DeviceReach.Here, DeviceReach.Here], CommandLine.OfOneMoment(["first", "second"], Ask, static r => r)!.Values);
    }

    private static Item Queued(string name, int priority, int seconds) =>
        new(name, new CommandTerms(Now.AddHours(1), TimeSpan.FromSeconds(60), 3, TimeSpan.FromSeconds(5), priority), CommandProgress.Begin(Now.AddSeconds(seconds)));

    private static IEnumerable<(string, CommandStep)> Decide(Item[] open, DeviceReach reach, int atOnce = 1) =>
        CommandLine.Decide(open, static i => (i.Terms, i.Progress), _ => reach, atOnce, Now).Select(static s => (s.Command.Name, s.Step));
}
