namespace Strata.Core.Updates.Slots;

/// <summary>One of the two places a program can be started from.</summary>
public enum Slot
{
    A,
    B,
}

/// <summary>What is in a slot.</summary>
/// <param name="Sha256">Of the bytes, 64 lower-case hexadecimal digits.</param>
/// <param name="Counter">Anti-rollback counter of its manifest.</param>
public sealed record SlotContent(string Version, string Sha256, long Size, long Counter);

/// <summary>A new version that has to prove itself.</summary>
/// <param name="Slot">Where it is.</param>
/// <param name="Job">The job that brought it.</param>
/// <param name="StartsLeft">How often it may still be started before it counts as failed.</param>
/// <param name="Started">Whether it was ever started.</param>
/// <param name="ConfirmWithin">Within what time of its start it must have proved itself; null when the job does not say.</param>
/// <param name="Boot">Of a whole system: the start of the machine in which it was written; null while it is being written.</param>
/// <param name="GivenUp">Of a whole system: why it has failed, until the machine runs the version before again; null while it has not.</param>
public sealed record SlotTrial(Slot Slot, string Job, int StartsLeft, bool Started, TimeSpan? ConfirmWithin = null, string? Boot = null, string? GivenUp = null);

/// <summary>What has become of a job, to be told to the cloud; kept until it was.</summary>
/// <param name="State">As on the wire: <c>succeeded</c>, <c>failed</c> or <c>rolledBack</c>.</param>
/// <param name="Reason">Null when all is well.</param>
/// <param name="Version">What runs now.</param>
public sealed record SlotOutcome(string Job, string State, string? Reason, string Version);

/// <summary>
/// The two slots of one component. The whole of it is one small file that is there whole or not at all; every change is one of <see cref="SlotMachine"/>. Whatever the state, <see cref="SlotMachine.ToStart"/> is a slot that was written to
/// its end and verified.
/// </summary>
/// <param name="Good">The slot that has proved itself; what is started when nothing is tried.</param>
/// <param name="A">Null while nothing whole is in it.</param>
/// <param name="Counter">The highest counter that was confirmed.</param>
/// <param name="Trial">Null when nothing is tried.</param>
/// <param name="Outcome">Null when there is nothing to tell.</param>
public sealed record SlotState(Slot Good, SlotContent? A, SlotContent? B, long Counter, SlotTrial? Trial, SlotOutcome? Outcome)
{
    public SlotContent? this[Slot slot] => slot == Slot.A ? A : B;

    /// <summary>The slot that may be written.</summary>
    public Slot Spare => Good == Slot.A ? Slot.B : Slot.A;
}
