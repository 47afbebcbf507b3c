using System.CommandLine;

namespace Strata.Cli.Factory;

/// <summary><c>--label-url</c>: where the node's pages are, so that a phone that scans a label opens the installer's page.</summary>
internal static class LabelAddress
{
    public static Option<string?> Option() => new("--label-url")
    {
        Description = "Where installers' phones reach the node, by https: a label that is scanned then opens its page. Without it labels hold a name that the page understands.", HelpName = "URL",
    };

    /// <exception cref="CliException">It is no https address.</exception>
    public static Uri? Of(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) switch
    {
        null => null,
        var said when Uri.TryCreate(said, UriKind.Absolute, out var address) && address is { Scheme: "https", AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" } => address,
        var other => throw new CliException(ExitCode.Usage, $"--label-url is '{other}'; it takes https://HOST or https://HOST:PORT: phones give the camera to pages by HTTPS only."),
    };
}
