using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;

namespace Strata.Cli;

/// <summary>The options by which every client verb finds its node, and the form of its output.</summary>
internal sealed class NodeOptions
{
    /// <summary>The longest that <see cref="HttpClient.Timeout"/> takes.</summary>
    private static readonly TimeSpan LongestLimit = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>In a data folder: where the node is.</summary>
    internal const string NodeFile = "node.json";

    /// <summary>In a data folder: the token of its administrator.</summary>
    internal const string TokenFile = "admin.token";

    private readonly Option<string?> url = new("--url") { Description = "The node's address, for example http://127.0.0.1:8080 (or STRATA_URL)." };
    private readonly Option<string?> ca = new("--ca") { Description = "PEM file of the authorities that the node's certificate must lead to (or STRATA_CA), when they are not the machine's.", HelpName = "FILE" };
    private readonly Option<string?> tokenFile = new("--token-file") { Description = "File that holds the API token (or STRATA_TOKEN, the token itself)." };
    private readonly Option<string?> data = new("--data") { Description = "Data folder of a node on this machine: address and, unless one is given, token are read from it." };
    private readonly Option<string?> tenant = new("--tenant") { Description = "Act for this tenant; for the platform's owner (the admin token)." };
    private readonly Option<string> output = new("--output", "-o") { Description = "table, json or csv.", DefaultValueFactory = _ => "table" };

    /// <param name="takesTenant">False where the verb is about tenants themselves.</param>
    public NodeOptions(Command command, bool takesTenant = true)
    {
        output.AcceptOnlyFromAmong("table", "json", "csv");
        command.Options.Add(url);
        command.Options.Add(ca);
        command.Options.Add(tokenFile);
        command.Options.Add(data);
        if (takesTenant)
            command.Options.Add(tenant);
        command.Options.Add(output);
    }

    /// <summary>The data folder given, if any.</summary>
    public string? DataFolder(ParseResult parsed) => parsed.GetValue(data);

    /// <summary>Whether the options or the environment name a node.</summary>
    public bool IsNamed(ParseResult parsed) =>
        parsed.GetValue(url) is not null || parsed.GetValue(data) is not null || Environment.GetEnvironmentVariable("STRATA_URL") is not null;

    public OutputWriter Writer(ParseResult parsed) =>
        new(Enum.Parse<OutputFormat>(parsed.GetValue(output)!, ignoreCase: true), parsed.InvocationConfiguration.Output);

    /// <summary>The client for the node that the options, the environment or the usual data folder name.</summary>
    /// <exception cref="CliException">No node is named, or a named file cannot be read.</exception>
    /// <param name="limit">How long an answer may take; 100 s unless said.</param>
    public StrataClient Connect(ParseResult parsed, TimeSpan? limit = null) => ConnectFor(parsed, Tenant(parsed), limit);

    /// <summary>The same for the tenant that a verb takes as its argument.</summary>
    public StrataClient Connect(ParseResult parsed, Argument<string> of) => ConnectAs(parsed, parsed.GetValue(of)!);

    /// <summary>The same for a tenant beside the one that is acted for.</summary>
    public StrataClient ConnectAs(ParseResult parsed, string tenant) =>
        ConnectFor(parsed, TenantId.TryFromName(tenant, out var id) ? id.Value : throw new CliException(ExitCode.Usage, $"'{tenant}' is no tenant's id, see 'strata tenants list'."));

    private StrataClient ConnectFor(ParseResult parsed, string? tenantId, TimeSpan? limit = null)
    {
        var (address, token) = Locate(parsed);
        var uri = Address(address);
        // One client for the life of the process: its handler ends with it.
        var http = new HttpClient(new TransportErrorHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), SslOptions = Trust(parsed) })) { BaseAddress = uri, Timeout = limit > LongestLimit ? LongestLimit : limit ?? TimeSpan.FromSeconds(100) };
        return new StrataClient(http, token, tenantId);
    }

    private System.Net.Security.SslClientAuthenticationOptions Trust(ParseResult parsed)
    {
        try
        {
            return ServerTrust.Of(parsed.GetValue(ca) ?? (Environment.GetEnvironmentVariable("STRATA_CA") is { Length: > 0 } said ? said : null));
        }
        catch (InvalidDataException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }

    /// <summary>The tenant that is acted for; null for the token's own.</summary>
    public string? TenantOf(ParseResult parsed) => Tenant(parsed);

    /// <summary>The tenant's id; a name that was given when it was created leads to it.</summary>
    private string? Tenant(ParseResult parsed)
    {
        if (parsed.GetResult(tenant) is null || parsed.GetValue(tenant) is not { } name)
            return null;
        return TenantId.TryFromName(name, out var id) ? id.Value : throw new CliException(ExitCode.Usage, $"--tenant is '{name}'; it takes a tenant's id, see 'strata tenants list'.");
    }

    /// <exception cref="CliException">It is none.</exception>
    internal static Uri Address(string text) => Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? uri!
        : throw new CliException(ExitCode.Usage, $"'{text}' is not an address; use http://HOST:PORT or https://HOST:PORT.");

    private (string Address, string? Token) Locate(ParseResult parsed)
    {
        var folder = parsed.GetValue(data);
        var address = parsed.GetValue(url) ?? (folder is null ? Environment.GetEnvironmentVariable("STRATA_URL") : null);
        var token = parsed.GetValue(tokenFile) is { } file ? ReadToken(file) : null;
        // A token that is said counts more than the one that lies in the folder: with it one sees what it may see.
        token ??= Environment.GetEnvironmentVariable("STRATA_TOKEN") is { Length: > 0 } said ? said : null;
        if (folder is not null)
        {
            address ??= ReadAddress(folder);
            token ??= ReadToken(Path.Combine(folder, TokenFile));
        }
        return (address ?? throw new CliException(ExitCode.Usage,
            "no node is named; give --url and --token-file, set STRATA_URL and STRATA_TOKEN, or give --data DIR of a node on this machine."), token);
    }

    /// <summary>Where the node of this data folder is.</summary>
    internal static string ReadAddress(string folder)
    {
        var path = Path.Combine(folder, NodeFile);
        try
        {
            using var node = JsonDocument.Parse(File.ReadAllBytes(path));
            return $"http://{node.RootElement.GetProperty("http").GetString()}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read ({e.Message}); is '{folder}' the data folder of a running node?");
        }
    }

    internal static string ReadToken(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"the token file {path} cannot be read: {e.Message}");
        }
    }
}
