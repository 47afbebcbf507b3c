using System.Globalization;
using System.Net.Sockets;

namespace Strata.Mqtt.Broker;

/// <summary>
/// Where a running broker is administered: a Unix socket that only its owner may open, with <see cref="Inspection.MqttInspectionEndpoints"/> behind it. Every broker of a user
/// has a name in that user's runtime directory, so that it is found without being told where.
/// </summary>
public static class ControlSocket
{
    /// <summary>The file's name below a data directory.</summary>
    public const string FileName = "control.sock";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int MaxPathBytes = 107;

    /// <summary>The directory in which this user's brokers have their names; null when there can be none.</summary>
    /// <param name="make">Makes it, 0700, when it is not there.</param>
    public static string? RuntimeDirectory(bool make)
    {
        try
        {
            var path = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime ? Path.Combine(runtime, "strata")
                : Environment.IsPrivilegedProcess ? "/run/strata" : Path.Combine(Path.GetTempPath(), $"strata-{Environment.UserName}");
            if (make)
                Directory.CreateDirectory(path, OwnerOnly);
            var directory = new DirectoryInfo(path);
            if (!directory.Exists || directory.LinkTarget is not null)
                return null;
            File.SetUnixFileMode(path, OwnerOnly); // Fails when it is another user's.
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The sockets of this user's brokers that answer.</summary>
    public static IReadOnlyList<string> Running() => RuntimeDirectory(make: false) is { } directory
        ? [.. Directory.EnumerateFileSystemEntries(directory, "broker-*.sock").Where(IsServed).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Whether somebody listens there.</summary>
    public static bool IsServed(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(Path.GetFullPath(path)));
            return true;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The name of a broker in the runtime directory: by its port, or by its process where it has none yet or another broker has that name.</summary>
    internal static string? NameFor(BrokerOptions options)
    {
        if (RuntimeDirectory(make: true) is not { } directory)
            return null;
        var port = (options.Mqtt ?? options.Tls)?.Port ?? 0;
        var name = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"broker-{port}.sock"));
        return port != 0 && !IsServed(name) ? name : Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"broker-pid{Environment.ProcessId}.sock"));
    }

    /// <exception cref="BrokerConfigurationException">The path is longer than a socket's may be.</exception>
    internal static string Checked(string path) => System.Text.Encoding.UTF8.GetByteCount(Path.GetFullPath(path)) <= MaxPathBytes
        ? Path.GetFullPath(path)
        : throw new BrokerConfigurationException($"--control: {path} is longer than the {MaxPathBytes} bytes that a Unix socket's path may have; give --control a shorter one.");

    /// <summary>Makes the name lead to the socket.</summary>
    internal static void Link(string? name, string socket)
    {
        if (name is null || name == socket)
            return;
        try
        {
            File.Delete(name);
            File.CreateSymbolicLink(name, socket);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is found by its path only.
        }
    }

    internal static void Unlink(string? name)
    {
        try
        {
            if (name is not null)
                File.Delete(name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It leads nowhere, and is passed over.
        }
    }
}
