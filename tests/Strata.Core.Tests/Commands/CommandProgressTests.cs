using CsCheck;
using Strata.Core.Commands;

namespace Strata.Core.Tests.Commands;

/// <summary>The way of one command.</summary>
public sealed class CommandProgressTests
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly CommandTerms Terms = new(Begin.AddHours(1), TimeSpan.FromSeconds(60), 3, TimeSpan.FromSeconds(5), 0);

    [Fact]
    public void It_goes_from_queued_to_succeeded_with_a_time_for_each_step()
    {
        var queued = CommandProgress.Begin(Begin);
        var sent = queued.Say(Terms, Begin.AddSeconds(1))!;
        var delivered = sent.Deliver(Terms, Begin.AddSeconds(2))!;
        var running = delivered.Answer(CommandState.Running, "half way", Terms, Begin.AddSeconds(3))!;
        var done = running.Answer(CommandState.Succeeded, null, Terms, Begin.AddSeconds(4))!;
        Assert.Equal(
            (CommandState.Succeeded, Begin, Begin.AddSeconds(1), Begin.AddSeconds(2), Begin.AddSeconds(3), Begin.AddSeconds(4), 1),
            (done.State, done.Created, done.Sent!.Value, done.Delivered!.Value, done.Running!.Value, done.Ended!.Value, done.Attempts));
        Assert.Null(done.AnswerBy);
        Assert.Equal("half way", running.Reason);
        Assert.Null(done.Cancel("me", Begin.AddSeconds(5)));
        Assert.Null(done.Answer(CommandState.Failed, null, Terms, Begin.AddSeconds(5)));
    }

    [Fact]
    public void What_was_never_said_expires_and_what_was_said_times_out_and_a_late_answer_counts()
    {
        var expired = CommandProgress.Begin(Begin).Pass(Terms, Terms.Expires);
        Assert.Equal((CommandState.Expired, Terms.Expires), (expired.State, expired.Ended));
        Assert.Null(expired.Answer(CommandState.Succeeded, null, Terms, Terms.Expires));
        var sent = CommandProgress.Begin(Begin).Say(Terms, Begin)!;
        Assert.Same(sent, sent.Pass(Terms, Begin.AddSeconds(59)));
        var late = sent.Pass(Terms, Begin.AddSeconds(60));
        Assert.Equal((CommandState.TimedOut, "the device did not acknowledge it"), (late.State, late.Reason));
        var answered = late.Answer(CommandState.Failed, "no power", Terms, Begin.AddHours(3))!;
        Assert.Equal((CommandState.Failed, "answered late: no power", Begin.AddHours(3)), (answered.State, answered.Reason, answered.Ended));
        Assert.Equal(CommandState.TimedOut, sent.Lose()!.Pass(Terms, Terms.Expires).State);
    }

    [Fact]
    public void It_is_said_again_in_growing_pauses_as_often_as_agreed_and_anew_over_the_next_connection()
    {
        var progress = CommandProgress.Begin(Begin).Say(Terms, Begin)!;
        Assert.False(progress.IsDueAgain(Terms, Begin.AddSeconds(4.9)));
        Assert.True(progress.IsDueAgain(Terms, Begin.AddSeconds(5)));
        progress = progress.Say(Terms, Begin.AddSeconds(5))!;
        Assert.False(progress.IsDueAgain(Terms, Begin.AddSeconds(14.9)));
        progress = progress.Say(Terms, Begin.AddSeconds(15))!;
        Assert.False(progress.IsDueAgain(Terms, Begin.AddSeconds(60)));
        progress = progress.Lose()!.Say(Terms, Begin.AddMinutes(10))!;
        Assert.True(progress.IsDueAgain(Terms, Begin.AddMinutes(10).AddSeconds(5)));
        Assert.Equal(4, progress.Attempts);
        Assert.False(progress.Deliver(Terms, Begin.AddMinutes(10))!.IsDueAgain(Terms, Begin.AddMinutes(20)));
    }

    [Fact]
    public void An_answer_that_comes_before_the_PUBACK_shows_that_it_was_delivered()
    {
        var answered = CommandProgress.Begin(Begin).Say(Terms, Begin)!.Answer(CommandState.Succeeded, null, Terms, Begin.AddSeconds(1))!;
        Assert.Equal((CommandState.Succeeded, Begin.AddSeconds(1)), (answered.State, answered.Delivered));
        Assert.Null(answered.Deliver(Terms, Begin.AddSeconds(2)));
    }

    [Fact]
    public void A_clock_that_was_set_back_does_not_keep_it_from_being_said_again()
    {
        var progress = CommandProgress.Begin(Begin).Say(Terms, Begin)!;
        Assert.True(progress.IsDueAgain(Terms, Begin.AddDays(-1)));
    }

    [Fact]
    public void A_direct_one_ends_when_nobody_waits_any_more_and_a_running_one_is_not_waited_for_without_end()
    {
        var direct = Terms with { IsDirect = true, Expires = Begin.AddSeconds(30) };
        var running = CommandProgress.Begin(Begin).Say(direct, Begin)!.Answer(CommandState.Running, null, direct, Begin.AddSeconds(29))!;
        Assert.Equal(CommandState.TimedOut, running.Pass(direct, Begin.AddSeconds(30)).State);
        var at = Begin;
        var queued = CommandProgress.Begin(Begin).Say(Terms, Begin)!;
        while (at < Begin.AddDays(2) && queued.State is not CommandState.TimedOut)
        {
            at = at.AddSeconds(50);
            queued = queued.Pass(Terms, at) is var passed && !ReferenceEquals(passed, queued) ? passed : queued.Answer(CommandState.Running, null, Terms, at)!;
        }
        Assert.InRange(at - Begin, TimeSpan.FromHours(23), TimeSpan.FromHours(25));
    }

    [Fact]
    public void Through_a_gateway_it_may_wait_there_until_it_expires_and_then_has_its_time_for_the_answer()
    {
        var sent = CommandProgress.Begin(Begin).Say(Terms, Begin, throughGateway: true)!;
        Assert.Equal(Terms.Expires, sent.AnswerBy);
        Assert.Equal(Begin.AddMinutes(31), sent.Deliver(Terms, Begin.AddMinutes(30))!.AnswerBy);
    }

    [Fact]
    public void However_long_it_took_to_reach_the_device_there_is_the_agreed_time_for_the_answer()
    {
        var terms = Terms with { Expires = Begin.AddDays(7) };
        var later = CommandProgress.Begin(Begin).Say(terms, Begin)!.Lose()!.Say(terms, Begin.AddDays(2))!;
        Assert.Equal(Begin.AddDays(2).AddSeconds(60), later.AnswerBy);
        var delivered = CommandProgress.Begin(Begin).Say(terms, Begin, throughGateway: true)!.Deliver(terms, Begin.AddDays(3))!;
        Assert.Equal(Begin.AddDays(3).AddSeconds(60), delivered.AnswerBy);
        Assert.Equal(Begin.AddDays(3.5).AddSeconds(60), delivered.Answer(CommandState.Running, null, terms, Begin.AddDays(3.5))!.AnswerBy);
        Assert.Equal(Begin.AddDays(4), delivered.Answer(CommandState.Running, null, terms, Begin.AddDays(4).AddSeconds(-1))!.AnswerBy);
    }

    [Fact]
    public void Whatever_happens_in_whatever_order_only_steps_of_the_table_are_made_and_an_end_stays()
    {
        Gen.Int[0, 6].Array[0, 40].Sample(events =>
        {
            var (progress, now) = (CommandProgress.Begin(Begin), Begin);
            foreach (var what in events)
            {
                now = now.AddSeconds(20);
                var next = what switch
                {
                    0 => progress.Say(Terms, now),
                    1 => progress.Deliver(Terms, now),
                    2 => progress.Answer(CommandState.Running, null, Terms, now),
                    3 => progress.Answer(CommandState.Succeeded, null, Terms, now),
                    4 => progress.Cancel("me", now),
                    5 => progress.Lose(),
                    _ => progress.Pass(Terms, now.AddSeconds(50)),
                };
                if (next is null || ReferenceEquals(next, progress))
                    continue;
                Assert.True(CommandStates.MayFollow(progress.State, next.State), $"{progress.State} > {next.State}");
                Assert.True(!progress.State.IsFinal() || progress.State is CommandState.TimedOut);
                Assert.Equal(next.State.IsFinal(), next.Ended is not null);
                Assert.Equal(next.State.IsUnderWay(), next.AnswerBy is not null);
                progress = next;
            }
        });
    }

    [Fact]
    public void Each_state_has_its_name_and_is_found_by_it()
    {
        Assert.Equal("queued sent delivered running succeeded failed timedOut cancelled expired", string.Join(' ', CommandStates.All.Select(CommandStates.NameOf)));
        Assert.All(CommandStates.All, s => Assert.True(CommandStates.TryParse(CommandStates.NameOf(s), out var found) && found == s));
        Assert.False(CommandStates.TryParse("Queued", out _));
    }
}
