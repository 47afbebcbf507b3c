using System.Text;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary>
/// The token of the machine's own administrator, who is the platform's owner: made at the first start, kept in <c>admin.token</c> of the data folder (readable by
/// its owner only), used by the command line on the same machine. As an <see cref="ITokenStore"/> it knows this one token.
/// </summary>
public sealed class AdminToken : ITokenStore
{
    public const string FileName = "admin.token";

    private readonly byte[] hash;

    private AdminToken(string path, string value)
    {
        (Path, Value) = (path, value);
        hash = DeviceSecrets.Hash(value);
    }

    public string Path { get; }

    public string Value { get; }

    /// <summary>Who has the token.</summary>
    public Principal Owner { get; } = Principal.Owner(TenantId.Main, "admin");

    /// <inheritdoc />
    public event Action<Principal>? Ended
    {
        add { } // It ends with the file, at a start.
        remove { }
    }

    /// <summary>Reads the token, or makes one. Another process that does the same at the same time gets the same token.</summary>
    /// <exception cref="InvalidDataException">The file holds no token; the message says what to do.</exception>
    public static AdminToken LoadOrCreate(string dataFolder)
    {
        Directory.CreateDirectory(dataFolder);
        var path = System.IO.Path.Combine(dataFolder, FileName);
        if (!File.Exists(path))
            Create(path);
        else if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var value = File.ReadAllText(path).Trim();
        if (value.Length < 32)
            throw new InvalidDataException($"{path} holds no token. Delete it and start again: a new one is made.");
        return new AdminToken(path, value);
    }

    public bool Matches(string token) => DeviceSecrets.Matches(Encoding.UTF8.GetBytes(token), hash);

    public Principal? Find(string token) => Matches(token) ? Owner : null;

    public Principal? FindById(string id) => id == Owner.Id ? Owner : null;

    private static void Create(string path)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(Encoding.ASCII.GetBytes(DeviceSecrets.Create() + "\n"));
            file.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary); // Another process was first; its token stands.
        }
    }
}
