using System.Runtime.InteropServices;

namespace Strata.Edge.Control;

/// <summary>Asks the kernel to run a thread before all ordinary ones (SCHED_FIFO). Granted to root, to CAP_SYS_NICE, or within RLIMIT_RTPRIO.</summary>
internal static partial class RealTimeScheduling
{
    private const int Fifo = 1;

    /// <summary>A low real-time priority: before every ordinary thread, behind the kernel's own.</summary>
    private const int Priority = 10;

    /// <summary>Raises the calling thread; false when the kernel does not grant it, and nothing changed.</summary>
    public static bool TryRaise() => SetScheduler(0, Fifo, Priority) == 0;

    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int thread, int policy, in int priority);
}
