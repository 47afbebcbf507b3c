using CsCheck;
using Strata.Core.Updates.Slots;

namespace Strata.Core.Tests.Updates;

public sealed class SlotTests
{
    private static readonly SlotContent Old = new("1.0", new string('a', 64), 10, 3);
    private static readonly SlotContent New = new("2.0", new string('b', 64), 20, 4);

    [Fact]
    public void A_version_that_proves_itself_is_the_good_one()
    {
        var state = SlotMachine.Try(SlotMachine.Fill(SlotMachine.First(Old), New), "j1", 2);
        Assert.Equal(Slot.B, SlotMachine.ToStart(state));
        state = SlotMachine.Confirm(SlotMachine.Start(state));
        Assert.Equal(Slot.B, SlotMachine.ToStart(state));
        Assert.Equal(4, state.Counter);
        Assert.Equal(new SlotOutcome("j1", "succeeded", null, "2.0"), state.Outcome);
        Assert.Equal(Slot.A, state.Spare);
    }

    [Fact]
    public void A_trial_lasts_as_long_as_its_job_says_also_after_it_was_written()
    {
        var filled = SlotMachine.Fill(SlotMachine.First(Old), New);
        Assert.Null(SlotText.Read(SlotText.Write(SlotMachine.Try(filled, "j1", 2))).Trial!.ConfirmWithin);
        Assert.Equal(TimeSpan.FromSeconds(90), SlotText.Read(SlotText.Write(SlotMachine.Start(SlotMachine.Try(filled, "j1", 2, TimeSpan.FromSeconds(90))))).Trial!.ConfirmWithin);
    }

    [Fact]
    public void A_version_is_started_so_often_and_no_more()
    {
        var state = SlotMachine.Try(SlotMachine.Fill(SlotMachine.First(Old), New), "j1", 2);
        state = SlotMachine.Start(SlotMachine.Start(state));
        Assert.Equal(Slot.B, SlotMachine.Started(state));
        state = SlotMachine.Start(state);
        Assert.Equal(Slot.A, SlotMachine.Started(state));
        Assert.Equal("rolledBack", state.Outcome?.State);
        Assert.Equal("1.0", state.Outcome?.Version);
        Assert.Equal(3, state.Counter);
    }

    [Fact]
    public void What_was_not_started_cannot_be_confirmed() =>
        Assert.Throws<InvalidOperationException>(() => SlotMachine.Confirm(SlotMachine.Try(SlotMachine.Fill(SlotMachine.First(Old), New), "j1", 2)));

    [Fact]
    public void A_reason_is_kept_up_to_a_length_and_no_character_of_it_is_cut_in_two()
    {
        var tried = SlotMachine.Try(SlotMachine.Fill(SlotMachine.First(Old), New), "j1", 2);
        var reason = new string('x', SlotText.MaxReason - 1) + "\U0001F50B and more";
        var kept = new string('x', SlotText.MaxReason - 1);
        Assert.Equal(
            (kept, kept, kept),
            (SlotMachine.Fail(SlotMachine.First(Old), "j1", reason, "1.0").Outcome!.Reason, SlotMachine.Reject(tried, reason).Outcome!.Reason, SystemSlots.GiveUp(tried, reason).Trial!.GivenUp));
        Assert.Equal("a full disk", SlotText.Cut("a full disk"));
        Assert.Equal(SlotText.MaxReason, SlotText.Cut(reason[1..]).Length);
    }

    /// <summary>Any steps, in any order, those that may not be taken left out: what is started is whole, and the good slot is never the one that is written.</summary>
    [Fact]
    public void Whatever_is_done_a_whole_version_is_started() => Gen.Int[0, 6].Array[0, 40].Sample(steps =>
    {
        var state = SlotMachine.First(Old);
        var counter = state.Counter;
        foreach (var step in steps)
        {
            var good = state.Good;
            try
            {
                state = step switch
                {
                    0 => SlotMachine.Erase(state),
                    1 => SlotMachine.Fill(state, New),
                    2 => SlotMachine.Try(state, "j", 2),
                    3 => SlotMachine.Start(state),
                    4 => SlotMachine.Confirm(state),
                    5 => SlotMachine.Reject(state, "why"),
                    _ => SlotMachine.Told(state),
                };
            }
            catch (InvalidOperationException)
            {
                continue;
            }
            Assert.NotNull(state[SlotMachine.ToStart(state)]);
            Assert.NotNull(state[state.Good]);
            Assert.True(step == 4 || state.Good == good, "only a confirmation changes the good slot");
            Assert.True(state.Counter >= counter);
            counter = state.Counter;
            Assert.Equal(state, SlotText.Read(SlotText.Write(state)));
        }
    }, iter: 2_000);
}
