using System.CommandLine;
using System.Net;
using Strata.Cloud;

namespace Strata.Cli;

/// <summary><c>--https</c>, <c>--cert</c> and <c>--key</c>: API and pages by TLS.</summary>
internal sealed class HttpsOptions
{
    private readonly Option<string?> https = new("--https") { Description = "Serve API and pages by TLS here too.", HelpName = "HOST:PORT" };
    private readonly Option<string?> certificate = new("--cert") { Description = "PEM: the server's certificate, then those between it and its root. Read again when it changes.", HelpName = "FILE" };
    private readonly Option<string?> key = new("--key") { Description = "PEM: its key, without a password, readable by its owner only.", HelpName = "FILE" };

    /// <param name="hasAuthority">Whether the node makes itself a certificate when it is given none.</param>
    public HttpsOptions(Command command, bool hasAuthority)
    {
        command.Options.Add(https);
        https.Description += hasAuthority ? " Without --cert by a certificate of its own authority ('strata ca export')." : " Needs --cert and --key.";
        command.Options.Add(certificate);
        command.Options.Add(key);
    }

    /// <exception cref="CloudConfigurationException">The end point is none.</exception>
    public (IPEndPoint? EndPoint, string? Certificate, string? Key) Of(ParseResult parsed) =>
        (parsed.GetValue(https) is { } text ? CloudOptions.ParseEndPoint("--https", text) : null, Full(parsed.GetValue(certificate)), Full(parsed.GetValue(key)));

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
