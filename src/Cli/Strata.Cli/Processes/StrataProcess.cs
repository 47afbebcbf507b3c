using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Strata.Cli.Processes;

/// <summary>
/// A <c>strata</c> process of one's own: started with a verb, ready when it prints its <c>ready</c> line, stopped by SIGTERM or killed. It ends by itself
/// when this process does (its standard input closes), so nothing is left behind. Standard error goes to a log file.
/// </summary>
internal sealed partial class StrataProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private readonly string executable;
    private readonly IReadOnlyList<string> arguments;
    private readonly string logFile;
    private Process? process;
    private Task log = Task.CompletedTask;
    private Task watch = Task.CompletedTask;
    private volatile bool stopping;

    /// <param name="name">For messages: cloud, gw-north, room-101.</param>
    /// <param name="executable">The program, usually this one.</param>
    /// <param name="logFile">Appended to.</param>
    public StrataProcess(string name, string executable, IReadOnlyList<string> arguments, string logFile) =>
        (Name, this.executable, this.arguments, this.logFile) = (name, executable, arguments, logFile);

    public string Name { get; }

    public IReadOnlyList<string> Arguments => arguments;

    public int? Id => process?.Id;

    /// <summary>Called when the process fails while it runs, with what is known of it.</summary>
    public Action<string>? Failed { get; init; }

    public bool HasExited => process is null || process.HasExited;

    /// <summary>The values of the ready line: <c>http</c>, <c>mqtt</c>, <c>device</c>, <c>to</c>.</summary>
    public IReadOnlyDictionary<string, string> Ready { get; private set; } = new Dictionary<string, string>();

    /// <summary>Starts the process and waits for its ready line.</summary>
    /// <exception cref="CliException">It ended before it was ready, or was not ready in time; the message holds the end of its log.</exception>
    public async Task StartAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        // Nodes that are started so keep everything in their folders, whatever the environment names.
        start.Environment.Remove(Commands.DatabaseCommand.Variable);
        process = Process.Start(start) ?? throw new CliException(ExitCode.Failed, $"{Name} could not be started ({executable}).");
        stopping = false;
        log = CopyToLogAsync(process.StandardError);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(within);
        try
        {
            Ready = await ReadReadyLineAsync(process.StandardOutput, deadline.Token);
            watch = WatchAsync(process);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Failed, $"{Name} was not ready after {within.TotalSeconds:0} s.{LogEnd()}");
        }
    }

    /// <summary>SIGTERM, then at most <paramref name="within"/>, then SIGKILL.</summary>
    /// <returns>The exit code; null when it had to be killed.</returns>
    public async Task<int?> StopAsync(TimeSpan within)
    {
        if (process is null)
            return null;
        stopping = true;
        if (!process.HasExited)
            _ = SendSignal(process.Id, SigTerm);
        using var deadline = new CancellationTokenSource(within);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            await log;
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            return null;
        }
    }

    /// <summary>SIGKILL: the process learns nothing of it.</summary>
    public async Task KillAsync()
    {
        if (process is null)
            return;
        stopping = true;
        process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        await log;
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
            await KillAsync();
        await watch;
        process?.Dispose();
        process = null;
    }

    private async Task<Dictionary<string, string>> ReadReadyLineAsync(StreamReader output, CancellationToken cancellationToken)
    {
        while (await output.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("ready ", StringComparison.Ordinal))
            {
                log = Task.WhenAll(log, output.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None));
                return line.Split(' ').Skip(1).Select(w => w.Split('=', 2)).Where(w => w.Length == 2).ToDictionary(w => w[0], w => w[1]);
            }
        }
        await process!.WaitForExitAsync(cancellationToken);
        await log;
        throw new CliException(ExitCode.Failed, $"{Name} ended with exit code {process.ExitCode} before it was ready.{LogEnd()}");
    }

    private async Task WatchAsync(Process started)
    {
        await started.WaitForExitAsync(CancellationToken.None);
        await log;
        if (!stopping && started.ExitCode != 0)
            Failed?.Invoke($"{Name} ended by itself with exit code {started.ExitCode}.{LogEnd()}");
    }

    private async Task CopyToLogAsync(StreamReader error)
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        await using var writer = new StreamWriter(logFile, Encoding.UTF8, options) { AutoFlush = true };
        while (await error.ReadLineAsync() is { } line)
            await writer.WriteLineAsync(line);
    }

    private string LogEnd()
    {
        try
        {
            var lines = File.ReadLines(logFile).TakeLast(5).ToArray();
            return lines.Length == 0 ? "" : $" Its last lines ({logFile}):\n  {string.Join("\n  ", lines)}";
        }
        catch (IOException)
        {
            return ""; // The log is a help only; the error itself is said.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
