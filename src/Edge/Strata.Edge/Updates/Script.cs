using System.ComponentModel;
using System.Diagnostics;

namespace Strata.Edge.Updates;

/// <summary>A program of the operator's that says yes by ending with 0.</summary>
internal static class Script
{
    /// <summary>Why it says no, with the last line it wrote; null when it says yes.</summary>
    /// <param name="limit">It is killed then, which is a no.</param>
    public static async Task<string?> AskAsync(string path, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path) { RedirectStandardOutput = true, RedirectStandardError = false, UseShellExecute = false })!;
            try
            {
                var said = await process.StandardOutput.ReadToEndAsync(waiting.Token);
                await process.WaitForExitAsync(waiting.Token);
                return process.ExitCode == 0 ? null : $"{Path.GetFileName(path)} ended with {process.ExitCode}{Last(said)}";
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return $"{Path.GetFileName(path)} did not end within {limit.TotalSeconds:0} s";
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
        catch (Win32Exception e)
        {
            return $"{path} cannot be started: {e.Message}";
        }
    }

    private static string Last(string said) => said.Trim().Split('\n')[^1].Trim() is { Length: > 0 } line ? $": {(line.Length > 200 ? line[..200] : line)}" : "";
}
