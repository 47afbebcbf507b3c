using System.Runtime.InteropServices;

namespace Strata.Storage;

/// <summary>Files that are there whole or not at all, readable by their owner only.</summary>
public static partial class SafeFiles
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>ENOSPC.</summary>
    public const int NoSpace = 28;

    private const int OverQuota = 122; // EDQUOT

    public static FileStreamOptions Options(FileMode mode, FileAccess access, FileShare share = FileShare.Read) =>
        mode is FileMode.Open
            ? new() { Mode = mode, Access = access, Share = share, BufferSize = 0 }
            : new() { Mode = mode, Access = access, Share = share, BufferSize = 0, UnixCreateMode = OwnerOnly };

    /// <summary>A file that is read while it may be deleted: who has it open reads it to its end.</summary>
    /// <exception cref="FileNotFoundException">It has gone.</exception>
    public static FileStream OpenToSend(string path) =>
        new(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous, BufferSize = 0 });

    /// <summary>Whether something was not written because the disk is full or a quota is used up: trying again at once does not help. By errno, which is what <see cref="Exception.HResult"/> of a file's fault is.</summary>
    public static bool IsFull(Exception fault) => fault is IOException { HResult: NoSpace or OverQuota };

    /// <summary>Puts <paramref name="content"/> in place of the file.</summary>
    /// <param name="flush">Null when losing the change in a power cut is harmless.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, Action<Microsoft.Win32.SafeHandles.SafeFileHandle>? flush)
    {
        var next = path + ".next";
        using (var file = new FileStream(next, Options(FileMode.Create, FileAccess.Write)))
        {
            file.Write(content);
            flush?.Invoke(file.SafeFileHandle);
        }
        File.Move(next, path, overwrite: true);
        if (flush is not null)
            SyncFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes new, renamed and deleted names in the folder durable.</summary>
    public static void SyncFolder(string folder)
    {
        var descriptor = Open(folder, 0);
        if (descriptor < 0)
            throw new IOException($"The folder {folder} cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        try
        {
            if (Fsync(descriptor) != 0)
                throw new IOException($"The folder {folder} cannot be put on the disk (error {Marshal.GetLastPInvokeError()}).");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
