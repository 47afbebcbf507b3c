using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates;

/// <summary>What is in the slots, what is tried and what has become of a job, as <c>slots.json</c>.</summary>
internal sealed class SlotFile(IUpdateDisk disk)
{
    private const string Name = "slots.json";

    /// <summary>Null before anything was ever installed.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message says what to do.</exception>
    public SlotState? Read()
    {
        try
        {
            return disk.ReadAll(Name, 64 * 1024) is { } bytes ? SlotText.Read(bytes) : null;
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{Name}: {e.Message}; remove it. Where a supervisor starts the agent, install a program anew with 'strata-edge supervise --install FILE'.", e);
        }
    }

    /// <summary>Durable when it returns; before that the state is the one before.</summary>
    public void Write(SlotState state) => disk.Replace(Name, SlotText.Write(state));

    /// <summary>Where the program of a slot is.</summary>
    public static string ProgramOf(Slot slot) => $"{SlotText.Name(slot)}/program";
}
