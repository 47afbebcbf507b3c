using System.Diagnostics;
using Xunit;

namespace Strata.Testing;

/// <summary>A program of others that a test runs against us. Missing: skipped with the reason on a person's machine, a failure where CI=true.</summary>
public static class ForeignTool
{
    /// <summary>Finds the program on the path.</summary>
    public static string Require(string name)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Append("/usr/sbin")
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
        if (path is null)
            Missing($"{name} is not installed.");
        return path!;
    }

    /// <summary>Skips, or fails where CI=true.</summary>
    public static void Missing(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>What it wrote on both outputs, and its exit code.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(string path, params IEnumerable<string> arguments)
    {
        using var process = Start(path, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await Deadline.For(process.WaitForExitAsync(), $"{Path.GetFileName(path)} ends");
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output + await errors);
    }

    /// <summary>Starts it with its outputs redirected; whoever starts it ends it.</summary>
    public static Process Start(string path, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(path) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
