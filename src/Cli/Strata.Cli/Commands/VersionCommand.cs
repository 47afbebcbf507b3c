using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Strata.Cli.Commands;

/// <summary><c>strata version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The version with the commit it was built from, for example 0.1.0+4832eb1.</summary>
    public static string Text { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion is { } version
            ? version[..Math.Min(version.Length, version.IndexOf('+', StringComparison.Ordinal) is var plus and > 0 ? plus + 10 : version.Length)]
            : "unknown";

    public static Command Create()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine($"strata {Text} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})"));
        return HelpWithExamples.WithExamples(command, "strata version");
    }
}
