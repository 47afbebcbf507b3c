using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Strata.Fog;

/// <summary>Small state files of the gateway: readable by their owner only, there whole or not at all, on the disk when written.</summary>
internal static class PrivateFile
{
    public const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;

    public static FileStream Open(string path, FileMode mode, FileShare share = FileShare.None) =>
        new(path, new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, UnixCreateMode = FileMode });

    /// <summary>Puts the value in place of the file.</summary>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type)
    {
        using (var stream = Open(path + ".new", System.IO.FileMode.Create))
        {
            JsonSerializer.Serialize(stream, value, type);
            stream.Flush(flushToDisk: true);
        }
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The value; null when the file is missing or cannot be read as one.</summary>
    /// <param name="damage">Why it cannot be read; null when it is missing or well.</param>
    public static T? Read<T>(string path, JsonTypeInfo<T> type, out string? damage)
        where T : class
    {
        damage = null;
        if (!File.Exists(path))
            return null;
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type);
        }
        catch (JsonException e)
        {
            damage = e.Message;
            return null;
        }
    }
}
