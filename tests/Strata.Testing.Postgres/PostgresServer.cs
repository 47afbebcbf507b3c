using System.Diagnostics;
using Npgsql;

namespace Strata.Testing.Postgres;

/// <summary>
/// A PostgreSQL server for tests: the one that STRATA_TEST_POSTGRES names (a connection string of a superuser), else a cluster of its own in a temporary folder,
/// reached by a Unix socket in it, else the test is skipped with the reason (fails where CI=true). Started with the first use; ended with the fixture, and
/// also when the test process dies.
/// </summary>
/// <remarks>A fixture that breaks its server makes one of its own, whatever the environment names.</remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Making a cluster is work for the processor; machines that run tests are busy.</summary>
    private static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(2);

    private readonly bool alwaysOwn;

    public PostgresServer()
        : this(false)
    {
    }

    private PostgresServer(bool alwaysOwn) => this.alwaysOwn = alwaysOwn;

    /// <summary>A server that is the test's to stop.</summary>
    public static PostgresServer Own() => new(alwaysOwn: true);

    public const string Variable = "STRATA_TEST_POSTGRES";

    private readonly SemaphoreSlim starting = new(1, 1);
    private string? admin;
    private string? folder;
    private string? binaries;
    private Process? keeper;
    private bool isFrozen;

    /// <summary>Whether the server is this fixture's to stop and to break.</summary>
    public bool IsOwn => folder is not null;

    /// <summary>Of the own server: its socket, its <c>data</c>, its <c>log</c>; null before the start.</summary>
    public string? Folder => folder;

    /// <summary>A superuser's connection string; starts the server.</summary>
    public async Task<string> AdminAsync()
    {
        await starting.WaitAsync();
        try
        {
            return admin ??= !alwaysOwn && Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : await StartOwnAsync();
        }
        finally
        {
            starting.Release();
        }
    }

    /// <summary>A database of its own for a test, with an owner that is no superuser.</summary>
    public async Task<TestDatabase> CreateAsync() => await TestDatabase.CreateAsync(await AdminAsync());

    /// <summary>Stops the own server at once, as a crash does.</summary>
    public Task StopAsync() => ControlAsync("stop", "-m", "immediate");

    /// <summary>Starts the own server again.</summary>
    public Task StartAgainAsync() => ControlAsync("start", "-w", "-l", Path.Combine(folder!, "log"));

    /// <summary>Stops the own server's processes where they are: it takes connections and answers nothing, as a machine that hangs.</summary>
    public Task FreezeAsync()
    {
        isFrozen = true;
        return SignalAsync("STOP");
    }

    /// <summary>Lets them go on.</summary>
    public Task ThawAsync()
    {
        isFrozen = false;
        return SignalAsync("CONT");
    }

    /// <summary>Runs a program of PostgreSQL's (psql, pg_dump) against a database of this server.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(string program, string connectionString, params string[] arguments)
    {
        await AdminAsync();
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return await ForeignTool.RunAsync(
            binaries is null ? ForeignTool.Require(program) : Path.Combine(binaries, program),
            ["-h", parts.Host!, "-p", $"{parts.Port}", "-U", parts.Username!, "-d", parts.Database!, .. arguments]);
    }

    public async ValueTask DisposeAsync()
    {
        if (keeper is { } process)
        {
            if (isFrozen)
                await ThawAsync();
            process.StandardInput.Close();
            await Deadline.For(process.WaitForExitAsync(), "PostgreSQL stops");
            process.Dispose();
        }
        starting.Dispose();
    }

    private async Task<string> StartOwnAsync()
    {
        binaries = Binaries();
        if (binaries is null)
            ForeignTool.Missing($"PostgreSQL 15 or newer is not installed (no initdb in /usr/lib/postgresql/*/bin), and {Variable} names no server.");
        folder = Directory.CreateTempSubdirectory("strata-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
            await ForeignTool.RunAsync("/bin/chown", "postgres", folder);
        // The shell waits for the end of its input, which also comes when this process is killed, and then takes the server and the folder away.
        const string script =
            """
            set -e
            "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions >"$2/log" 2>&1
            printf "listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\nmax_connections = 100\nlog_statement = 'none'\n" "$2" >>"$2/data/postgresql.conf"
            "$1/pg_ctl" -D "$2/data" -w -l "$2/log" start >/dev/null
            echo ready
            cat >/dev/null || true
            "$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1 || true
            rm -rf "$2"
            """;
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true };
        string[] command = [.. AsPostgres(), "/bin/sh", "-c", script, "sh", binaries!, folder];
        start.FileName = command[0];
        foreach (var argument in command[1..])
            start.ArgumentList.Add(argument);
        start.WorkingDirectory = "/";
        keeper = Process.Start(start)!;
        if (await keeper.StandardOutput.ReadLineAsync().WaitAsync(StartWithin, TimeProvider.System) != "ready")
            Xunit.Assert.Fail($"PostgreSQL did not start: {await File.ReadAllTextAsync(Path.Combine(folder, "log"))}");
        return $"Host={folder};Username=postgres;Database=postgres";
    }

    private async Task SignalAsync(string signal)
    {
        var (code, output) = await ForeignTool.RunAsync("/bin/sh", "-c", "p=$(head -1 \"$1/data/postmaster.pid\"); kill -$2 $p $(ps -o pid= --ppid $p)", "sh", folder!, signal);
        Xunit.Assert.True(code == 0, output);
    }

    private async Task ControlAsync(string verb, params string[] arguments)
    {
        string[] command = [.. AsPostgres(), Path.Combine(binaries!, "pg_ctl"), "-D", Path.Combine(folder!, "data"), .. arguments, verb];
        // Nothing of it is read: the server would keep the pipes open.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", .. command])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        await Deadline.For(process.WaitForExitAsync(), $"pg_ctl {verb} ends");
        Xunit.Assert.Equal(0, process.ExitCode);
    }

    /// <summary>initdb refuses root.</summary>
    private static string[] AsPostgres() => Environment.IsPrivilegedProcess ? ["/usr/sbin/runuser", "-u", "postgres", "--"] : [];

    private static string? Binaries() => !Directory.Exists("/usr/lib/postgresql")
        ? null
        : Directory.GetDirectories("/usr/lib/postgresql")
            .Select(d => (Version: int.TryParse(Path.GetFileName(d), out var v) ? v : 0, Path: Path.Combine(d, "bin")))
            .Where(d => d.Version >= 15 && File.Exists(Path.Combine(d.Path, "initdb")))
            .OrderByDescending(d => d.Version).Select(d => d.Path).FirstOrDefault();
}
