using System.ComponentModel;
using System.Diagnostics;

namespace Strata.Edge.Updates.Rauc;

/// <summary>
/// RAUC by its program. Its D-Bus interface says the same (the program asks it): speaking that would take a protocol of its own here for a progress bar, and the program's words, states and exit codes are what people see too.
/// </summary>
internal sealed class RaucCommand(RaucOptions options, TimeProvider time)
{
    /// <summary>Characters that are kept of what it writes.</summary>
    private const int MostText = 256 * 1024;

    private const int MostReason = 250;
    private const string LastError = "LastError:";

    /// <exception cref="EdgeConfigurationException">The program is not there.</exception>
    public static RaucCommand Find(RaucOptions options, TimeProvider time)
    {
        var folders = options.Program.Contains('/', StringComparison.Ordinal) ? [""] : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        return folders.Any(f => File.Exists(Path.Combine(f, options.Program)))
            ? new RaucCommand(options, time)
            : throw new EdgeConfigurationException($"--update-with rauc: there is no program '{options.Program}' here; on Debian: apt-get install rauc rauc-service.");
    }

    /// <exception cref="BootLoaderException">It does not say; it is busy while it installs.</exception>
    public async Task<RaucStatus> StatusAsync(CancellationToken cancellationToken)
    {
        var said = await RunAsync(options.AnswerLimit, cancellationToken, "status", "--detailed", "--output-format=json");
        if (said.Fault is { } why)
            throw new BootLoaderException($"RAUC does not say its status: {why}");
        try
        {
            return RaucStatus.Read(said.Output);
        }
        catch (FormatException e)
        {
            throw new BootLoaderException($"RAUC: {e.Message}", e);
        }
    }

    /// <summary>Writes the spare slot and has the boot loader start it next.</summary>
    /// <returns>Why it did not; null when it did.</returns>
    /// <exception cref="TimeoutException">It has not ended in time. RAUC goes on all the same.</exception>
    public async Task<string?> InstallAsync(string bundle, CancellationToken cancellationToken)
    {
        var said = await RunAsync(options.InstallLimit, cancellationToken, "install", bundle);
        return said.IsLate ? throw new TimeoutException(said.Fault) : said.Fault;
    }

    /// <param name="mark"><c>good</c>, <c>bad</c> or <c>active</c>.</param>
    /// <exception cref="BootLoaderException">It was not marked.</exception>
    public async Task MarkAsync(string mark, RaucSlot slot, CancellationToken cancellationToken)
    {
        if ((await RunAsync(options.AnswerLimit, cancellationToken, "status", $"mark-{mark}", slot.Name)).Fault is { } why)
            throw new BootLoaderException($"RAUC does not mark {slot.Name} {mark}: {why}");
    }

    private async Task<Answer> RunAsync(TimeSpan within, CancellationToken cancellationToken, params string[] arguments)
    {
        using var deadline = new CancellationTokenSource(within, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var start = new ProcessStartInfo(options.Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            start.Environment["LC_ALL"] = "C";
            using var process = Process.Start(start)!;
            try
            {
                var (output, error) = (ReadAsync(process.StandardOutput, waiting.Token), ReadAsync(process.StandardError, waiting.Token));
                await process.WaitForExitAsync(waiting.Token);
                return new Answer(await output, process.ExitCode == 0 ? null : FaultOf(await output, await error, process.ExitCode));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new Answer("", $"it has not answered within {within.TotalSeconds:0} s") { IsLate = true };
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
        catch (Win32Exception e)
        {
            return new Answer("", $"{options.Program} cannot be started: {e.Message}");
        }
    }

    /// <summary>All of it is read, so that the program never waits; what is kept is bounded.</summary>
    private static async Task<string> ReadAsync(StreamReader from, CancellationToken cancellationToken)
    {
        var (kept, buffer) = (new System.Text.StringBuilder(), new char[4096]);
        while (await from.ReadAsync(buffer, cancellationToken) is var read && read > 0)
            kept.Append(buffer, 0, Math.Min(read, MostText - kept.Length));
        return kept.ToString();
    }

    /// <param name="Fault">Why it did not do it; null when it did.</param>
    private sealed record Answer(string Output, string? Fault)
    {
        public bool IsLate { get; init; }
    }

    /// <summary>For people: the error that RAUC names, else its last line.</summary>
    private static string FaultOf(string output, string error, int code)
    {
        var lines = $"{error}\n{output}".Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var named = Array.FindLast(lines, l => l.Contains(LastError, StringComparison.Ordinal));
        var line = named is not null ? named[(named.IndexOf(LastError, StringComparison.Ordinal) + LastError.Length)..].Trim() : error.Trim().Split('\n')[^1] is { Length: > 0 } last ? last.Trim() : lines.LastOrDefault();
        return line is null ? $"it ended with {code}" : line.Length > MostReason ? line[..MostReason] : line;
    }
}
