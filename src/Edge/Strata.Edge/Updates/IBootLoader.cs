using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates;

/// <summary>Who remembers which slot is started next, and how often; a file for the agent's own supervisor, something else for a whole system.</summary>
internal interface IBootLoader
{
    /// <summary>Null before anything was ever installed.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message says what to do.</exception>
    SlotState? Read();

    /// <summary>Durable when it returns; before that the state is the one before.</summary>
    void Write(SlotState state);
}

/// <summary>The state as <c>slots.json</c>.</summary>
internal sealed class SlotFile(IUpdateDisk disk) : IBootLoader
{
    private const string Name = "slots.json";

    public SlotState? Read()
    {
        try
        {
            return disk.ReadAll(Name, 64 * 1024) is { } bytes ? SlotText.Read(bytes) : null;
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{Name}: {e.Message}; remove it and install a program anew with 'strata-edge supervise --install FILE'.", e);
        }
    }

    public void Write(SlotState state) => disk.Replace(Name, SlotText.Write(state));

    /// <summary>Where the program of a slot is.</summary>
    public static string ProgramOf(Slot slot) => $"{SlotText.Name(slot)}/program";
}
