using System.CommandLine;

namespace Strata.Cli;

/// <summary>What the long-running verbs share.</summary>
internal static class ServerOptions
{
    /// <summary>Hidden: a process started by another one ends with it.</summary>
    public const string UntilStdinCloses = "--until-stdin-closes";

    public static Option<bool> CreateUntilStdinCloses() => new(UntilStdinCloses) { Hidden = true };

    /// <summary>Runs a server until SIGTERM, Ctrl-C or, when asked for, the end of standard input.</summary>
    public static async Task<int> RunAsync(bool untilStdinCloses, Func<CancellationToken, Task<int>> server, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (untilStdinCloses)
            _ = StopAtEndOfInputAsync(stop); // Not awaited: a read of standard input cannot be cancelled, and it ends with the process.
        return await server(stop.Token);
    }

    private static async Task StopAtEndOfInputAsync(CancellationTokenSource stop)
    {
        await Task.Yield();
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[256];
        try
        {
            while (await input.ReadAsync(buffer) > 0)
                continue;
            await stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            return; // The server ended first.
        }
    }
}
