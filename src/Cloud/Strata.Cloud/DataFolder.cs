using System.Text.Json;

namespace Strata.Cloud;

/// <summary>
/// The node's data folder: readable by its owner only, and used by one node at a time, which a lock says that ends with the process however it
/// ends. Holds <c>node.json</c>, by which clients on the machine find the node.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerOnly | UnixFileMode.UserExecute;

    private readonly FileStream held;
    private bool described;

    private DataFolder(string path, FileStream held) => (Path, this.held) = (path, held);

    public string Path { get; }

    /// <summary>Creates the folder when it is missing and takes it.</summary>
    /// <exception cref="CloudConfigurationException">It cannot be written, or another node uses it.</exception>
    public static DataFolder Open(string folder)
    {
        var path = System.IO.Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(path, OwnerFolder);
            File.SetUnixFileMode(path, OwnerFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CloudConfigurationException($"The data folder {path} cannot be used: {e.Message} Choose another with --data DIR.", e);
        }
        try
        {
            return new DataFolder(path, OpenOwned(System.IO.Path.Combine(path, "node.lock"), FileMode.OpenOrCreate, FileShare.None));
        }
        catch (IOException e)
        {
            throw new CloudConfigurationException($"Another node uses the data folder {path}; stop it, or choose another folder with --data DIR.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CloudConfigurationException($"The data folder {path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>node.json</c>, whole or not at all.</summary>
    public void Describe(string http, string mqtt)
    {
        var file = System.IO.Path.Combine(Path, "node.json");
        using (var stream = OpenOwned(file + ".new", FileMode.Create, FileShare.None))
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("http", http);
            json.WriteString("mqtt", mqtt);
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteEndObject();
        }
        File.Move(file + ".new", file, overwrite: true);
        described = true;
    }

    /// <summary>Gives the folder back and removes <c>node.json</c>: nobody serves there any more.</summary>
    public void Dispose()
    {
        if (described)
            File.Delete(System.IO.Path.Combine(Path, "node.json"));
        held.Dispose();
    }

    private static FileStream OpenOwned(string file, FileMode mode, FileShare share) =>
        new(file, new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, UnixCreateMode = OwnerOnly });
}
