using System.Net;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Artifacts;
using Strata.Cloud.Commands;
using Strata.Cloud.Shadows;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Updates;
using Strata.Node.Settings;
using Strata.Telemetry;
using Strata.Telemetry.Postgres;

namespace Strata.Cloud;

/// <summary>How a cloud node is started.</summary>
public sealed class CloudOptions
{
    /// <summary>Folder of the node's state; created when missing, readable by its owner only.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Where HTTP is served; port 0 takes any free one. Default 127.0.0.1:8080.</summary>
    public IPEndPoint Http { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Where MQTT is served; port 0 takes any free one. Default 127.0.0.1:1883.</summary>
    public IPEndPoint Mqtt { get; init; } = new(IPAddress.Loopback, 1883);

    /// <summary>Where API and pages are served by TLS, beside <see cref="Http"/>; port 0 takes any free one. Null (the default): nowhere.</summary>
    public IPEndPoint? Https { get; init; }

    /// <summary>Where MQTT is served by TLS, beside <see cref="Mqtt"/>; port 0 takes any free one. Null (the default): nowhere.</summary>
    public IPEndPoint? Mqtts { get; init; }

    /// <summary>What TLS is served with; null (the default): a certificate of the installation's own authority, for the names of this machine and of <see cref="PublicUrl"/>. PEM, the server's own certificate first, then those between it and the root. Read again when it changes.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM, not encrypted, readable by its owner only.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>Networks whose MQTT connections begin with a PROXY header (version 1 or 2) that says who the client is: those of load balancers. Default none.</summary>
    public IReadOnlyCollection<IPNetwork> ProxiesFrom { get; init; } = [];

    /// <summary>The least important entries that are logged. Default Information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Largest HTTP request body, bytes. 64 KiB to 256 MiB, default 16 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 16 << 20;

    /// <summary>HTTP connections at once. 16 to 1,000,000, default 10,000.</summary>
    public int MaxHttpConnections { get; init; } = 10_000;

    /// <summary>MQTT connections at once. 1 to 1,000,000, default 100,000.</summary>
    public int MaxMqttConnections { get; init; } = 100_000;

    /// <summary>Starts also when kept MQTT sessions or retained messages are damaged, without those that are.</summary>
    public bool SkipDamagedSessions { get; init; }

    /// <summary>How long raw readings stay, by arrival. 1 hour to 10 years, default 30 days.</summary>
    public TimeSpan KeepRaw { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long windows stay. 1 hour to 20 years, default 2 years.</summary>
    public TimeSpan KeepWindows { get; init; } = TimeSpan.FromDays(730);

    /// <summary>Connection string of the node's role in PostgreSQL, where registry and telemetry are kept then; null keeps both in the data folder.</summary>
    public string? Database { get; init; }

    /// <summary>File of the installation's key, which wraps the tenants' data keys; null for <c>installation.key</c> in the data folder.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Program that holds the installation's key in place of a file; null for the file.</summary>
    public string? KeyCommand { get; init; }

    /// <summary>Limits of accounts, passwords and sessions.</summary>
    public PeopleOptions People { get; init; } = new();

    /// <summary>Limits of commands, and what holds where a request does not say it.</summary>
    public CommandsOptions Commands { get; init; } = new();

    /// <summary>Limits of artifacts and their downloads.</summary>
    public ArtifactsOptions Artifacts { get; init; } = new();

    /// <summary>Limits of rollouts, and how often they are looked at.</summary>
    public UpdatesOptions Updates { get; init; } = new();

    /// <summary>Limits of shadows and configurations.</summary>
    public ShadowOptions Shadows { get; init; } = new();

    /// <summary>What is set of the parts' limits and intervals.</summary>
    public NodeSettings Settings { get; init; } = NodeSettings.None;

    /// <summary>Where people reach the node: what links begin with. Null (the default): the address that the caller used who has a link made.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>The mail server by which links are sent to people; null (the default): none, links are shown. Needs <see cref="PublicUrl"/>.</summary>
    public SmtpOptions? Smtp { get; init; }

    /// <summary>Parses <c>HOST:PORT</c>: an IP address (IPv6 in brackets) or <c>localhost</c>, and a port from 0 to 65535.</summary>
    /// <exception cref="CloudConfigurationException">The text is something else.</exception>
    public static IPEndPoint ParseEndPoint(string option, string text)
    {
        var host = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? $"127.0.0.1{text[9..]}" : text;
        var colon = host.LastIndexOf(':');
        if (colon > 0 && !host.EndsWith(']') && (host[0] == '[' || host.IndexOf(':') == colon) && IPEndPoint.TryParse(host, out var endPoint))
            return endPoint;
        throw new CloudConfigurationException($"{option} is '{text}'; it takes HOST:PORT with an IP address or localhost, for example 127.0.0.1:8080.");
    }

    /// <summary>Takes <see cref="Settings"/> into what is configured here.</summary>
    internal void TakeSettings()
    {
        Settings.On(this);
        Settings.On(People);
        Settings.On(Commands);
        Settings.On(Artifacts);
        Settings.On(Updates);
        Settings.On(Shadows);
        Settings.On(Shadows.Limits);
    }

    /// <exception cref="CloudConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(DataFolder))
            throw new CloudConfigurationException("No data folder is given; use --data DIR.");
        Require(MaxRequestBytes is >= 65_536 and <= 268_435_456, nameof(MaxRequestBytes), "from 64 KiB to 256 MiB");
        Require(MaxHttpConnections is >= 16 and <= 1_000_000, nameof(MaxHttpConnections), "from 16 to 1,000,000");
        Require(MaxMqttConnections is >= 1 and <= 1_000_000, nameof(MaxMqttConnections), "from 1 to 1,000,000");
        Require(KeepRaw >= TimeSpan.FromHours(1) && KeepRaw <= TimeSpan.FromDays(3653), nameof(KeepRaw), "from 1 hour to 10 years");
        Require(KeepWindows >= TimeSpan.FromHours(1) && KeepWindows <= TimeSpan.FromDays(7306), nameof(KeepWindows), "from 1 hour to 20 years");
        if (Database is null && Settings.FirstOf<PostgresTelemetryOptions>() is { } server)
            throw new CloudConfigurationException($"{server} is about telemetry in PostgreSQL, and without --database it is kept in the data folder: give --database, or set store.* instead.");
        if (Database is not null && Settings.FirstOf<TelemetryStoreOptions>() is { } files)
            throw new CloudConfigurationException($"{files} is about telemetry in the data folder, and with --database it is kept in PostgreSQL: set postgres.* instead.");
        if (KeyFile is not null && KeyCommand is not null)
            throw new CloudConfigurationException("--key-file and --key-command are both given; the installation's key is in one place.");
        if (Http.Port != 0 && Http.Port == Mqtt.Port && Http.Address.Equals(Mqtt.Address))
            throw new CloudConfigurationException($"--http and --mqtt are both {Http}; each needs its own port.");
        if (CertificateFile is null != CertificateKeyFile is null)
            throw new CloudConfigurationException("--cert FILE and --key FILE (PEM) go together.");
        if (Https is null && Mqtts is null && CertificateFile is not null)
            throw new CloudConfigurationException("--cert and --key belong to --https HOST:PORT or --mqtts HOST:PORT.");
        ValidateLinks();
        try
        {
            People.Validate();
            Commands.Validate();
            Artifacts.Validate();
            Updates.Validate();
            Shadows.Validate();
        }
        catch (ArgumentException e)
        {
            throw new CloudConfigurationException(e.Message, e);
        }
        if (Https is { Port: not 0 } && (Https.Equals(Http) || Https.Equals(Mqtt)))
            throw new CloudConfigurationException($"--https is {Https}, where --http or --mqtt is served; each needs its own port.");
        if (Mqtts is { Port: not 0 } && (Mqtts.Equals(Http) || Mqtts.Equals(Mqtt) || Mqtts.Equals(Https)))
            throw new CloudConfigurationException($"--mqtts is {Mqtts}, where --http, --https or --mqtt is served; each needs its own port.");
    }

    private void ValidateLinks()
    {
        if (PublicUrl is { } url && (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp) || url.PathAndQuery != "/" || url.Fragment.Length + url.UserInfo.Length > 0))
            throw new CloudConfigurationException($"--public-url is '{url}'; it takes http or https, a host and perhaps a port, for example https://strata.example.com.");
        if (Smtp is null)
            return;
        if (PublicUrl is null)
            throw new CloudConfigurationException("--smtp needs --public-url: a link in a mail begins with the address by which people reach this node, for example https://strata.example.com.");
        try
        {
            Smtp.Validate();
        }
        catch (ArgumentException e)
        {
            throw new CloudConfigurationException(e.Message, e);
        }
    }

    private static void Require(bool holds, string name, string range)
    {
        if (!holds)
            throw new CloudConfigurationException($"{name} must be {range}.");
    }
}

/// <summary>The node cannot start as it is configured. The message is one sentence for the operator: what, where, what to do.</summary>
public sealed class CloudConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
