using Strata.Storage;

namespace Strata.Edge.Updates;

/// <summary>A real folder (0700), with some room kept for what has to be written when the disk is full.</summary>
internal sealed class UpdateFolder : IUpdateDisk
{
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string root;

    public UpdateFolder(string root)
    {
        this.root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        foreach (var folder in (string[])["", "a", "b", "download"])
            Directory.CreateDirectory(Path.Combine(this.root, folder), OwnerFolder);
        this.KeepReserve();
    }

    public long Free => new DriveInfo(root).AvailableFreeSpace;

    /// <summary>Of a name, or of the folder itself for an empty one.</summary>
    /// <exception cref="ArgumentException">It leads out of the folder.</exception>
    public string PathOf(string name)
    {
        var path = Path.GetFullPath(Path.Combine(root, name));
        return path == root || path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new ArgumentException($"'{name}' is not below {root}.", nameof(name));
    }

    public Stream? Read(string name)
    {
        try
        {
            return new FileStream(PathOf(name), SafeFiles.Options(FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    public long Length(string name) => new FileInfo(PathOf(name)) is { Exists: true } file ? file.Length : -1;

    public IUpdateFile Write(string name, long keep) => new OpenFile(PathOf(name), keep);

    public void Rename(string from, string to) => File.Move(PathOf(from), PathOf(to), overwrite: true);

    public void Delete(string name) => File.Delete(PathOf(name));

    public void SyncNames(string name) => SafeFiles.SyncFolder(Path.GetDirectoryName(PathOf(name))!);

    public IReadOnlyList<string> List(string folder) => [.. Directory.EnumerateFiles(PathOf(folder)).Select(f => $"{folder}/{Path.GetFileName(f)}").Order(StringComparer.Ordinal)];

    private sealed class OpenFile : IUpdateFile
    {
        private readonly FileStream file;

        public OpenFile(string path, long keep)
        {
            file = new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0, UnixCreateMode = OwnerFolder });
            file.SetLength(Math.Min(keep, file.Length));
            file.Position = file.Length;
        }

        public void Write(ReadOnlySpan<byte> bytes) => file.Write(bytes);

        public void Sync() => RandomAccess.FlushToDisk(file.SafeFileHandle);

        public void Dispose() => file.Dispose();
    }
}
