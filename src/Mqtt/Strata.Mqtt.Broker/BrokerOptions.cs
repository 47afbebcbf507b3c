using System.Net;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Broker;

/// <summary>How <c>strata broker</c> serves.</summary>
public sealed record BrokerOptions
{
    /// <summary>Plain TCP; null for none.</summary>
    public IPEndPoint? Mqtt { get; init; } = new(IPAddress.Loopback, 1883);

    /// <summary>WebSocket at <c>/mqtt</c> of this HTTP endpoint; null (the default) for none.</summary>
    public IPEndPoint? WebSocket { get; init; }

    /// <summary>
    /// Origins (<c>https://HOST[:PORT]</c>) whose pages may connect over WebSocket. None (the default): those of this machine where anyone may connect without a name,
    /// so that no page from elsewhere reads along through its visitor's browser; else all, for a page knows no password that its visitor does not give it.
    /// </summary>
    public IReadOnlyCollection<string> WebSocketOrigins { get; init; } = [];

    /// <summary>TLS 1.2 and 1.3; null (the default) for none. Needs <see cref="CertificateFile"/> and <see cref="KeyFile"/>.</summary>
    public IPEndPoint? Tls { get; init; }

    /// <summary>PEM, the server's own certificate first, then those between it and the root. Read again when it changes.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM, not encrypted, readable by its owner only.</summary>
    public string? KeyFile { get; init; }

    /// <summary>PEM: clients must show a certificate that leads to one of these. Null: clients need none.</summary>
    public string? ClientCaFile { get; init; }

    /// <summary>A Unix socket; null (the default) for none.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>Networks whose connections begin with a PROXY header (version 1 or 2) that says who the client is: those of load balancers. Default none.</summary>
    public IReadOnlyCollection<IPNetwork> ProxiesFrom { get; init; } = [];

    /// <summary>Anyone may connect without a name. Only where nobody else's machine can reach the endpoints.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Names with their passwords' hashes (<see cref="UserFile"/>). Read again when it changes.</summary>
    public string? UsersFile { get; init; }

    /// <summary>See <see cref="Access.AccessRules"/>. Null: who may connect may do everything.</summary>
    public string? RulesFile { get; init; }

    /// <summary>Who may not connect, a ban a line; null: nobody is banned.</summary>
    public string? BansFile { get; init; }

    /// <summary>See <see cref="MqttOptions.DataDirectory"/>. Null (the default): a restart ends sessions and retained messages.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The Unix socket by which it is administered (<see cref="Broker.ControlSocket"/>), 0600. Null (the default): where <see cref="HasControl"/> says so, below
    /// <see cref="DataDirectory"/> or the user's runtime directory.</summary>
    public string? ControlPath { get; init; }

    /// <summary>Whether it can be administered while it runs. Default false: the library opens nothing that it was not asked to.</summary>
    public bool HasControl { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Changes the engine's limits.</summary>
    public Action<MqttOptions>? Engine { get; init; }

    /// <summary>Limits of the engine, <c>NAME = VALUE</c> a line, in place of those of <see cref="Engine"/>. Read again when it changes. Null: none.</summary>
    public string? LimitsFile { get; init; }

    /// <summary>The limits that may stand in <see cref="LimitsFile"/>.</summary>
    public IReadOnlyList<EngineLimit> Limits { get; init; } = [];

    /// <exception cref="BrokerConfigurationException">It cannot serve like this; the message says why and what to do.</exception>
    public void Validate()
    {
        if (Mqtt is null && WebSocket is null && Tls is null && UnixSocket is null)
            throw new BrokerConfigurationException("Nothing to serve: give at least one of --mqtt, --ws, --tls and --unix.");
        if (!Anonymous && UsersFile is null && ClientCaFile is null)
            throw new BrokerConfigurationException("Nobody could connect: give --users FILE (made with 'strata broker passwd FILE NAME'), or --anonymous for anyone on this machine.");
        foreach (var (name, endPoint) in new[] { ("--mqtt", Mqtt), ("--ws", WebSocket), ("--tls", Tls) })
        {
            if (Anonymous && endPoint is not null && !IPAddress.IsLoopback(endPoint.Address))
                throw new BrokerConfigurationException($"--anonymous is for loopback only, but {name} is {endPoint}; use --users FILE there.");
        }

        if (WebSocketOrigins.FirstOrDefault(static o => !IsOrigin(o)) is { } wrong)
            throw new BrokerConfigurationException($"--ws-origin: '{wrong}' is no origin; use http://HOST:PORT or https://HOST, without a path.");
        if (WebSocket is null && WebSocketOrigins.Count > 0)
            throw new BrokerConfigurationException("--ws-origin belongs to --ws ADDR:PORT.");
        if (Tls is not null && (CertificateFile is null || KeyFile is null))
            throw new BrokerConfigurationException("--tls needs --cert FILE and --key FILE (PEM).");
        if (Tls is null && (CertificateFile ?? KeyFile ?? ClientCaFile) is not null)
            throw new BrokerConfigurationException("--cert, --key and --client-ca belong to --tls ADDR:PORT.");
    }

    /// <summary>Whether pages of an origin may connect; see <see cref="WebSocketOrigins"/>.</summary>
    internal bool Admits(string origin) => WebSocketOrigins.Count > 0
        ? WebSocketOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)
        : !Anonymous || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.IsLoopback);

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.Scheme is "http" or "https" && origin.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The broker cannot start as it is configured. The message is for whoever starts it.</summary>
public sealed class BrokerConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
