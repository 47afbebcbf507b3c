using System.Diagnostics;

namespace Strata.EndToEnd.Tests;

/// <summary>A foreign program. Missing: the test is skipped on a person's machine and fails in CI.</summary>
internal static class Tool
{
    public sealed record Outcome(int ExitCode, string Output, string Error);

    public static void Require(string program)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(p => File.Exists(Path.Combine(p, program)));
        if (!found && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"{program} is missing; ./test installs it.");
        Assert.SkipUnless(found, $"{program} is not installed; ./test installs it.");
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Outcome> RunAsync(string program, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(program, arguments, environment);
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await process.WaitForExitAsync(deadline.Token);
        return new Outcome(process.ExitCode, await output, await error);
    }

    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
