using Strata.Core.Updates.Manifests;

namespace Strata.Edge.Updates;

/// <summary>Who has the two slots and starts one of them: the agent's own supervisor, or RAUC for a whole system. What was decided is in <see cref="SlotFile"/>, noted by whoever decides.</summary>
internal interface IBootLoader
{
    /// <summary>The agent has started: notes what it was started from. True when something else is to be started now.</summary>
    /// <exception cref="BootLoaderException">It does not say; asked again, it may.</exception>
    Task<bool> BeginAsync(CancellationToken cancellationToken);

    /// <summary>What runs, byte by byte as it came, for a patch to be applied to; null where that is not to be had.</summary>
    Stream? OpenGood();

    /// <summary>Gives up what is in the spare slot for the room that it takes; false when that makes none.</summary>
    bool EmptySpare();

    /// <summary>Puts a verified file into the spare slot; it is tried at the next start.</summary>
    /// <param name="name">Of the file on the disk of updates.</param>
    /// <exception cref="UpdateRefusedException">It was not taken; what runs is untouched.</exception>
    Task InstallAsync(UpdateJob job, UpdateManifest update, string name, CancellationToken cancellationToken);

    /// <summary>Gives up what was being written when <see cref="InstallAsync"/> was broken off, so that what runs is started next and another job can be done; nothing when nothing was.</summary>
    /// <exception cref="BootLoaderException">It was not told; asked again, it may be.</exception>
    Task BreakOffAsync(CancellationToken cancellationToken);

    /// <summary>What is tried has proved itself.</summary>
    /// <exception cref="BootLoaderException">It was not told; asked again, it may be.</exception>
    Task ConfirmAsync(CancellationToken cancellationToken);

    /// <summary>What is tried has failed; what was good is started next.</summary>
    /// <exception cref="BootLoaderException">It was not told; asked again, it may be.</exception>
    Task RejectAsync(string reason, CancellationToken cancellationToken);
}

/// <summary>Who starts the slots does not answer, or not what was asked.</summary>
internal sealed class BootLoaderException(string message, Exception? inner = null) : Exception(message, inner);
