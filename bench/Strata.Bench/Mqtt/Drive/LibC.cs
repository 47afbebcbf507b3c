using System.Runtime.InteropServices;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>The kernel's own calls: a generator on .NET's asynchronous sockets would cost more than the brokers that it drives.</summary>
internal static partial class LibC
{
    public const int Add = 1;
    public const int Modify = 3;
    public const uint Readable = 1;
    public const uint Writable = 4;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int NonBlockingStream = 1 | 0x800;
    private const int InProgress = 115;
    private const int Again = 11;

    /// <summary>struct epoll_event is packed on x64 only.</summary>
    public static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    public static readonly int EventData = EventSize - 8;

    /// <returns>Bytes read; 0: the peer is gone; negative: nothing is there.</returns>
    public static int Receive(int fd, Span<byte> into)
    {
        var length = (int)recv(fd, ref MemoryMarshal.GetReference(into), into.Length, DontWait);
        return length >= 0 ? length : Marshal.GetLastPInvokeError() == Again ? -1 : 0;
    }

    /// <returns>Bytes written; negative: the peer is gone.</returns>
    public static int Send(int fd, ReadOnlySpan<byte> bytes)
    {
        var length = (int)send(fd, ref MemoryMarshal.GetReference(bytes), bytes.Length, DontWait | NoSignal);
        return length >= 0 ? length : Marshal.GetLastPInvokeError() == Again ? 0 : -1;
    }

    /// <summary>Begins to connect to an IPv4 address; writable once it has.</summary>
    public static int Connect(uint address, int port)
    {
        var fd = socket(2, NonBlockingStream, 0);
        if (fd < 0)
            throw new InvalidOperationException($"socket: error {Marshal.GetLastPInvokeError()}.");
        var one = 1;
        setsockopt(fd, 6, 1, ref one, sizeof(int));
        Span<byte> to = stackalloc byte[16];
        BitConverter.TryWriteBytes(to, (short)2);
        (to[2], to[3]) = ((byte)(port >> 8), (byte)port);
        BitConverter.TryWriteBytes(to[4..], address);
        if (connect(fd, ref MemoryMarshal.GetReference(to), to.Length) < 0 && Marshal.GetLastPInvokeError() != InProgress)
            throw new InvalidOperationException($"connect: error {Marshal.GetLastPInvokeError()}.");
        return fd;
    }

    /// <summary>Nanoseconds of a processor that the calling thread has had.</summary>
    public static long ThreadTime()
    {
        Span<long> time = stackalloc long[2];
        return clock_gettime(3, ref MemoryMarshal.GetReference(time)) == 0 ? (time[0] * 1_000_000_000) + time[1] : throw new InvalidOperationException($"clock_gettime: error {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int NewEpoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Watch(int epoll, int operation, int fd, ref byte change);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Wait(int epoll, ref byte events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int clock_gettime(int clock, ref long time);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint recv(int fd, ref byte into, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint send(int fd, ref byte from, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int connect(int fd, ref byte to, int length);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int setsockopt(int fd, int level, int option, ref int value, int length);
}
