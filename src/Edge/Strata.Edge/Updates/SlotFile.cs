using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates;

/// <summary>What is in the slots, what is tried and what has become of a job, as <c>slots.json</c>.</summary>
/// <param name="runs">The slot that this program was started from; null where it is not known, or there are none.</param>
internal sealed class SlotFile(IUpdateDisk disk, Slot? runs = null)
{
    private const string Name = "slots.json";
    private const int MaxBytes = 64 * 1024;

    /// <summary>Null before anything was ever installed.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message says what to do.</exception>
    public SlotState? Read()
    {
        try
        {
            if (disk.ReadAll(Name, MaxBytes) is not { } bytes)
                return null;
            var state = SlotText.Read(bytes);
            return runs is { } slot ? SlotMachine.SeenFrom(slot, state) : state;
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{Name}: {e.Message}; remove it. Where a supervisor starts the agent, install a program anew with 'strata-edge supervise --install FILE'.", e);
        }
    }

    /// <summary>Durable when it returns; before that the state is the one before.</summary>
    /// <exception cref="InvalidDataException">It is too long to be read again; nothing was written.</exception>
    public void Write(SlotState state)
    {
        var bytes = SlotText.Write(state);
        if (bytes.Length > MaxBytes)
            throw new InvalidDataException($"{Name} would have {bytes.Length} bytes; at most {MaxBytes} are read.");
        disk.Replace(Name, bytes);
    }

    /// <summary>Where the program of a slot is.</summary>
    public static string ProgramOf(Slot slot) => $"{SlotText.Name(slot)}/program";
}
