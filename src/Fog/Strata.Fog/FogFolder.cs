using System.Text.Json;

namespace Strata.Fog;

/// <summary>
/// The gateway's data folder: readable by its owner only, used by one process at a time. <c>node.json</c> tells clients on the machine where it serves.
/// </summary>
internal sealed class FogFolder : IDisposable
{
    private readonly FileStream held;
    private bool described;

    private FogFolder(string path, FileStream held) => (Root, this.held) = (path, held);

    public string Root { get; }

    /// <summary>Of the gateway's own tenant.</summary>
    public TenantFolder Own => new(Root);

    /// <summary>Of a guest, by what the operator calls it; made when it is missing.</summary>
    public TenantFolder Guest(string name)
    {
        var path = Path.Combine(Root, "guests", name);
        Directory.CreateDirectory(path, PrivateFile.FolderMode);
        return new TenantFolder(path);
    }

    /// <exception cref="FogConfigurationException">It cannot be written, or another node uses it.</exception>
    public static FogFolder Open(string folder)
    {
        var path = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(path, PrivateFile.FolderMode);
            File.SetUnixFileMode(path, PrivateFile.FolderMode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FogConfigurationException($"The data folder {path} cannot be used: {e.Message} Choose another with --data DIR.", e);
        }
        try
        {
            return new FogFolder(path, PrivateFile.Open(Path.Combine(path, "node.lock"), FileMode.OpenOrCreate));
        }
        catch (IOException e)
        {
            throw new FogConfigurationException($"Another node uses the data folder {path}; stop it, or choose another folder with --data DIR.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FogConfigurationException($"The data folder {path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>node.json</c>, whole or not at all.</summary>
    public void Describe(string http, string mqtt)
    {
        var file = Path.Combine(Root, "node.json");
        using (var stream = PrivateFile.Open(file + ".new", FileMode.Create))
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

    public void Dispose()
    {
        if (described)
            File.Delete(Path.Combine(Root, "node.json"));
        held.Dispose();
    }
}

/// <summary>Where what belongs to one tenant lies.</summary>
internal sealed record TenantFolder(string Root)
{
    public string Store => Path.Combine(Root, "telemetry");

    public string Uplink => Path.Combine(Root, "uplink");

    public string Identity => Path.Combine(Root, "gateway.json");

    public string Configuration => Path.Combine(Root, "configuration.json");

    public string Windows => Path.Combine(Root, "windows.json");

    /// <summary>Which certificates are good, as the parent last said.</summary>
    public string Trust => Path.Combine(Root, "trust.json");

    /// <summary>Key and certificate of the listener for devices with certificates.</summary>
    public string ServerCertificate => Path.Combine(Root, "server.pem");

    public string Downward => Path.Combine(Root, "downward.json");

    /// <summary>Shadows of devices, a file each.</summary>
    public string Shadows => Path.Combine(Root, "shadows");

    public string Below => Path.Combine(Root, "below.json");
}
