namespace Strata.Core.Updates.Slots;

/// <summary>What the agent does once it knows what the machine was started from.</summary>
public enum SystemStep
{
    /// <summary>Nothing beside what was noted.</summary>
    GoOn,

    /// <summary>What was written is not started yet: the machine is to be started again.</summary>
    Restart,

    /// <summary>What is tried has failed: the boot loader is told to start the other, then as <see cref="Restart"/>.</summary>
    GoBack,

    /// <summary>Nobody knows how far the writing came: the boot loader is told to start what runs.</summary>
    Stay,

    /// <summary>The machine runs from a slot that the agent has not chosen: what is in it is noted.</summary>
    Adopt,
}

/// <summary>
/// What may follow what where the slots hold a whole system: a boot loader starts one of them, and the agent learns afterwards which. <see cref="Write"/> is noted before the first byte of the spare slot, <see cref="Written"/> when all
/// of it is there, so that a power cut at any instant is told from a version that did not come up. That a version was given up is told to the cloud when the one before runs again.
/// </summary>
public static class SystemSlots
{
    /// <summary>The spare slot is about to be written, and will be tried.</summary>
    public static SlotState Write(SlotState state, SlotContent content, string job, int starts, TimeSpan? confirmWithin) => SlotMachine.Try(SlotMachine.Fill(state, content), job, starts, confirmWithin);

    /// <summary>All of it is there, and the boot loader will start it.</summary>
    /// <param name="boot">Of the machine's start in which this is.</param>
    public static SlotState Written(SlotState state, string boot) => state with { Trial = TrialOf(state) with { Boot = boot } };

    /// <summary>It was not written to its end.</summary>
    public static SlotState NotWritten(SlotState state) => SlotMachine.Erase(state with { Trial = null });

    /// <summary>What is tried has failed, and runs until the machine is started again.</summary>
    public static SlotState GiveUp(SlotState state, string reason) => state with { Trial = TrialOf(state) with { StartsLeft = 0, GivenUp = SlotText.Cut(reason) } };

    /// <summary>The machine runs from a slot by somebody else's choice.</summary>
    public static SlotState Adopt(SlotState state, Slot slot, SlotContent content) => SlotMachine.First(content with { Counter = state.Counter }, slot) with { Outcome = state.Outcome };

    /// <summary>The agent has started.</summary>
    /// <param name="booted">The slot that the machine runs from.</param>
    /// <param name="boot">Of this start of the machine.</param>
    public static (SlotState State, SystemStep Step) Started(SlotState state, Slot booted, string boot) => state.Trial switch
    {
        null => (state, booted == state.Good ? SystemStep.GoOn : SystemStep.Adopt),
        { } trial when booted == trial.Slot => Tried(state, trial),
        { Started: true } trial => (SlotMachine.Reject(state, trial.GivenUp ?? "the boot loader went back to the version before"), SystemStep.GoOn),
        { Boot: null } => (NotWritten(state), SystemStep.Stay),
        { Boot: var written } when written == boot => (state, SystemStep.Restart),
        _ => (SlotMachine.Reject(state, "the machine did not come up with it, and the boot loader went back to the version before"), SystemStep.GoOn),
    };

    /// <summary>Each start of the agent counts: one that ends again and again does not confirm.</summary>
    private static (SlotState State, SystemStep Step) Tried(SlotState state, SlotTrial trial) =>
        trial is { StartsLeft: > 0 } ? (SlotMachine.Start(state), SystemStep.GoOn)
        : (trial.GivenUp is null ? GiveUp(state, "it was started as often as it may be and was not confirmed") : state, SystemStep.GoBack);

    private static SlotTrial TrialOf(SlotState state) => state.Trial ?? throw new InvalidOperationException("This step cannot be taken: nothing is being tried.");
}
