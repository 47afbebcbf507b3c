namespace Strata.Edge;

/// <summary>Files that only their owner reads (0600) and that are there whole or not at all.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Puts the content in the place of the file, in one step.</summary>
    /// <param name="durable">Whether it must outlive a power cut; false where it is written again soon.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, bool durable)
    {
        var next = path + ".next";
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = OwnerOnly }))
        {
            file.Write(content);
            if (durable)
                file.Flush(flushToDisk: true);
        }
        File.Move(next, path, overwrite: true);
    }
}
