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
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, untilStdinCloses ? EndOfInput() : CancellationToken.None);
        return await server(stop.Token);
    }

    /// <summary>A token that is cancelled at the end of standard input. It lives as long as the process: a read of standard input cannot be cancelled.</summary>
    public static CancellationToken EndOfInput()
    {
        var end = new CancellationTokenSource();
        _ = CancelAtEndAsync(end);
        return end.Token;
    }

    private static async Task CancelAtEndAsync(CancellationTokenSource end)
    {
        await Task.Yield();
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[256];
        while (await input.ReadAsync(buffer) > 0)
            continue;
        await end.CancelAsync();
    }
}
