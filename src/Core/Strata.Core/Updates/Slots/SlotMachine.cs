namespace Strata.Core.Updates.Slots;

/// <summary>
/// What may follow what with two slots. The order on the disk is the caller's: <see cref="Erase"/> is written before the first byte of the spare slot, <see cref="Fill"/> after its last is durable and was read back, and
/// <see cref="Start"/> before the program is started, so that a power cut at any instant leaves a slot that can be started, and a count that is not too small.
/// </summary>
public static class SlotMachine
{
    /// <summary>What runs before anything was installed: the first program, in slot A, or the system that the machine came with.</summary>
    public static SlotState First(SlotContent content, Slot slot = Slot.A) => With(new(slot, null, null, content.Counter, null, null), slot, content);

    /// <summary>The spare slot is about to be overwritten.</summary>
    public static SlotState Erase(SlotState state) =>
        state.Trial is not null ? throw Wrong("a version is being tried") : With(state, state.Spare, null);

    /// <summary>The spare slot holds this, whole.</summary>
    public static SlotState Fill(SlotState state, SlotContent content) =>
        state.Trial is not null ? throw Wrong("a version is being tried") : With(state, state.Spare, content);

    /// <summary>The next start is of the spare slot.</summary>
    public static SlotState Try(SlotState state, string job, int starts, TimeSpan? confirmWithin = null) =>
        state.Trial is not null ? throw Wrong("a version is being tried")
        : state[state.Spare] is null ? throw Wrong("the spare slot is empty")
        : starts < 1 ? throw new ArgumentOutOfRangeException(nameof(starts))
        : state with { Trial = new SlotTrial(state.Spare, job, starts, Started: false, confirmWithin) };

    /// <summary>What is to be started now.</summary>
    public static Slot ToStart(SlotState state) => state.Trial is { StartsLeft: > 0 } trial ? trial.Slot : state.Good;

    /// <summary>A start is about to be made: counts it; a version that has had all of its starts has failed. Afterwards <see cref="Started"/> says which slot.</summary>
    public static SlotState Start(SlotState state) => state.Trial switch
    {
        null => state,
        { StartsLeft: > 0 } trial => state with { Trial = trial with { StartsLeft = trial.StartsLeft - 1, Started = true } },
        _ => Reject(state, "it was started as often as it may be and was not confirmed"),
    };

    /// <summary>The slot that <see cref="Start"/> has counted a start of.</summary>
    public static Slot Started(SlotState state) => state.Trial is { Started: true } trial ? trial.Slot : state.Good;

    /// <summary>As the program of a slot has to see it: where another slot's trial was given up and that could not be written, the program that runs in its place is not the one that is tried.</summary>
    public static SlotState SeenFrom(Slot slot, SlotState state) => state.Trial is { Started: true } trial && trial.Slot != slot ? state with { Trial = trial with { Started = false } } : state;

    /// <summary>What is tried has proved itself.</summary>
    public static SlotState Confirm(SlotState state) =>
        state.Trial is not { Started: true } trial || state[trial.Slot] is not { } content ? throw Wrong("nothing is being tried")
        : state with
        {
            Good = trial.Slot, Trial = null, Counter = Math.Max(state.Counter, content.Counter), Outcome = new SlotOutcome(trial.Job, "succeeded", null, content.Version),
        };

    /// <summary>What is tried has failed: back to what was good.</summary>
    public static SlotState Reject(SlotState state, string reason) =>
        state.Trial is not { } trial ? throw Wrong("nothing is being tried")
        : state with { Trial = null, Outcome = new SlotOutcome(trial.Job, "rolledBack", SlotText.Cut(reason), state[state.Good]?.Version ?? "") };

    /// <summary>A job has ended well without a trial: its version ran already, or it was only to be downloaded.</summary>
    /// <param name="version">What runs.</param>
    public static SlotState Succeed(SlotState state, string job, string version) => state with { Outcome = new SlotOutcome(job, "succeeded", null, version) };

    /// <summary>A job has failed before a trial.</summary>
    /// <param name="version">What runs of what the job was about.</param>
    public static SlotState Fail(SlotState state, string job, string reason, string version) => state with { Outcome = new SlotOutcome(job, "failed", SlotText.Cut(reason), version) };

    /// <summary>The outcome was told.</summary>
    public static SlotState Told(SlotState state) => state with { Outcome = null };

    private static SlotState With(SlotState state, Slot slot, SlotContent? content) => slot == Slot.A ? state with { A = content } : state with { B = content };

    private static InvalidOperationException Wrong(string why) => new($"This step cannot be taken: {why}.");
}
