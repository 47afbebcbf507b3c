using Strata.Core.Updates.Slots;

namespace Strata.Core.Tests.Updates;

/// <summary>What a machine's start means where a boot loader chooses the slot.</summary>
public sealed class SystemSlotsTests
{
    private static readonly SlotContent New = new("2.0", new string('b', 64), 20, 4);
    private static readonly SlotState Plain = SlotMachine.First(new SlotContent("1.0", "", 0, 3));
    private static readonly SlotState Writing = SystemSlots.Write(Plain, New, "j1", 2, null);
    private static readonly SlotState Waiting = SystemSlots.Written(Writing, "first");
    private static readonly SlotState Tried = SystemSlots.Started(Waiting, Slot.B, "second").State;

    [Fact]
    public void What_is_tried_is_what_the_machine_was_started_from()
    {
        Assert.Equal((SystemStep.GoOn, true, 1), (SystemSlots.Started(Waiting, Slot.B, "second").Step, Tried.Trial!.Started, Tried.Trial.StartsLeft));
        Assert.Equal(("succeeded", Slot.B, 4L), (SlotMachine.Confirm(Tried).Outcome!.State, SlotMachine.Confirm(Tried).Good, SlotMachine.Confirm(Tried).Counter));
    }

    [Fact]
    public void What_was_written_waits_for_the_machine_to_be_started_again() => Assert.Equal((Waiting, SystemStep.Restart), SystemSlots.Started(Waiting, Slot.A, "first"));

    [Fact]
    public void A_start_of_the_old_one_after_that_means_that_the_new_one_did_not_come_up()
    {
        var (state, step) = SystemSlots.Started(Waiting, Slot.A, "second");
        Assert.Equal((SystemStep.GoOn, "rolledBack", "1.0"), (step, state.Outcome!.State, state.Outcome.Version));
    }

    [Fact]
    public void What_was_not_written_to_its_end_was_never_there() => Assert.Equal((Plain, SystemStep.Stay), SystemSlots.Started(Writing, Slot.A, "second"));

    [Fact]
    public void Written_to_its_end_and_started_before_that_could_be_noted_it_is_tried_all_the_same() => Assert.Equal(SystemStep.GoOn, SystemSlots.Started(Writing, Slot.B, "second").Step);

    [Fact]
    public void Going_back_is_told_when_it_has_happened()
    {
        var given = SystemSlots.GiveUp(Tried, "its self-test fails");
        Assert.Null(given.Outcome);
        Assert.Equal((given, SystemStep.GoBack), SystemSlots.Started(given, Slot.B, "third"));
        Assert.Equal(("its self-test fails", (SlotTrial?)null), (SystemSlots.Started(given, Slot.A, "third").State.Outcome!.Reason, SystemSlots.Started(given, Slot.A, "third").State.Trial));
    }

    [Fact]
    public void A_boot_loader_that_goes_back_by_itself_is_believed() => Assert.Contains("the boot loader went back", SystemSlots.Started(Tried, Slot.A, "third").State.Outcome!.Reason, StringComparison.Ordinal);

    [Fact]
    public void So_many_starts_and_no_more()
    {
        var (again, step) = SystemSlots.Started(Tried, Slot.B, "second");
        Assert.Equal((SystemStep.GoOn, 0), (step, again.Trial!.StartsLeft));
        (again, step) = SystemSlots.Started(again, Slot.B, "third");
        Assert.Equal(SystemStep.GoBack, step);
        Assert.Contains("as often as it may be", again.Trial!.GivenUp, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_somebody_else_has_chosen_is_taken_and_the_counter_stays()
    {
        Assert.Equal(SystemStep.Adopt, SystemSlots.Started(Plain, Slot.B, "second").Step);
        var taken = SystemSlots.Adopt(Plain, Slot.B, new SlotContent("1.7", "", 0, 0));
        Assert.Equal((Slot.B, "1.7", 3L, (SlotContent?)null), (taken.Good, taken[Slot.B]!.Version, taken.Counter, taken[Slot.A]));
    }

    [Fact]
    public void All_of_it_is_kept()
    {
        foreach (var state in (SlotState[])[Writing, Waiting, Tried, SystemSlots.GiveUp(Tried, "why")])
            Assert.Equal(state, SlotText.Read(SlotText.Write(state)));
    }
}
