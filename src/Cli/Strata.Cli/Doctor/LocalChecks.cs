using System.Net;
using System.Net.Sockets;

namespace Strata.Cli.Doctor;

/// <summary>What can be seen on this machine without a node: runtime, data folder, disk, ports, limits.</summary>
internal static class LocalChecks
{
    private const long LittleDisk = 1L << 30;

    public static IEnumerable<Finding> Run(string? dataFolder, int httpPort, int mqttPort, bool nodeExpected)
    {
        yield return Finding.Ok("runtime", $".NET {Environment.Version}, {Environment.ProcessorCount} processors");
        yield return Clock();
        yield return OpenFiles();
        if (dataFolder is not null)
        {
            foreach (var finding in Folder(dataFolder))
                yield return finding;
        }
        yield return Disk(dataFolder ?? Path.GetTempPath());
        if (nodeExpected)
            yield break;
        yield return Port("http port", httpPort, "--http");
        yield return Port("mqtt port", mqttPort, "--mqtt");
    }

    private static Finding Clock()
    {
        var now = TimeProvider.System.GetUtcNow();
        return now.Year is >= 2026 and < 2100
            ? Finding.Ok("clock", $"{now:yyyy-MM-dd HH:mm:ss} UTC")
            : Finding.Problem("clock", $"it shows {now:yyyy-MM-dd HH:mm:ss} UTC", "Set the clock (timedatectl set-ntp true); readings more than 5 min ahead of a node's clock are refused.");
    }

    private static Finding OpenFiles()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is null || !long.TryParse(words[3], out var limit) || limit >= 10_240)
            return Finding.Ok("open files", $"limit {words?[3] ?? "unknown"}");
        return Finding.Warning("open files", $"at most {limit}, and each connection takes one", "Raise it before starting a node (ulimit -n 65536, or LimitNOFILE in the service).");
    }

    private static IEnumerable<Finding> Folder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            yield return Finding.Problem("data folder", $"{folder} does not exist", "A node creates it at its first start; check the path given with --data.");
            yield break;
        }
        var open = (File.GetUnixFileMode(folder) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0;
        yield return open
            ? Finding.Warning("data folder", $"{folder} can be read by others", $"chmod 700 {folder}")
            : Finding.Ok("data folder", folder);
        foreach (var path in Directory.EnumerateFiles(folder, "*.token").Concat(Directory.EnumerateFiles(folder, "*.secret")))
        {
            if ((File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
                yield return Finding.Problem("secret file", $"{path} is not private", $"chmod 600 {path}");
        }
    }

    private static Finding Disk(string folder)
    {
        var drive = new DriveInfo(Path.GetFullPath(folder));
        var free = drive.AvailableFreeSpace;
        var detail = $"{free / (1 << 20):N0} MB free at {drive.Name}";
        return free >= LittleDisk ? Finding.Ok("disk", detail) : Finding.Problem("disk", detail, "Make room; a node that cannot write acknowledges nothing.");
    }

    private static Finding Port(string check, int port, string option)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return Finding.Ok(check, $"{port} is free");
        }
        catch (SocketException e)
        {
            return Finding.Warning(check, $"{port} cannot be used: {e.Message}", $"If that is not a node of yours, give another port with {option} 127.0.0.1:PORT.");
        }
    }
}
