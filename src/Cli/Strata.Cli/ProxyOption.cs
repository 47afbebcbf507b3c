using System.CommandLine;
using System.Net;

namespace Strata.Cli;

/// <summary><c>--proxy-from</c>: where the load balancers stand that say who a connection's client is.</summary>
internal static class ProxyOption
{
    public static Option<string[]> Create() => new("--proxy-from")
    {
        Description = "MQTT connections from here begin with a PROXY header (v1 or v2) that says who the client is; may be given several times.", HelpName = "ADDR/BITS",
    };

    /// <exception cref="CliException">One of them is no network.</exception>
    public static IReadOnlyCollection<IPNetwork> Networks(ParseResult parsed, Option<string[]> option) => [.. (parsed.GetValue(option) ?? []).Select(Network)];

    private static IPNetwork Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network : IPAddress.TryParse(text, out var single)
            ? new IPNetwork(single, single.GetAddressBytes().Length * 8)
            : throw new CliException(ExitCode.Usage, $"--proxy-from: '{text}' is not a network; use ADDR/BITS, for example 10.0.0.0/8, or one address.");
}
