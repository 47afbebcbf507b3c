using System.Net;
using Microsoft.Extensions.Logging;
using Strata.Core.Architecture;
using Strata.Fog.Served;
using Strata.Forwarding;
using Strata.Node.Settings;

namespace Strata.Fog;

/// <summary>How a fog gateway is started.</summary>
public sealed class FogOptions
{
    internal const long LeastBacklogBytes = 64L << 10;
    private const int MostGuests = 15;

    /// <summary>Folder of the gateway's state; created when missing, readable by its owner only.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The parent: the cloud, or another gateway. <c>http://HOST:PORT</c>.</summary>
    public required Uri Cloud { get; init; }

    /// <summary>PEM: the authorities that the parent's certificate must lead to. Null (the default): those of the machine.</summary>
    public string? CloudCaFile { get; init; }

    /// <summary>With what it asks to be taken in; needed until it has joined once.</summary>
    public string? JoinToken { get; init; }

    /// <summary>The place it serves; needed until it has joined once.</summary>
    public string? Site { get; init; }

    /// <summary>The id it wishes; null lets the cloud choose one from the site.</summary>
    public string? Name { get; init; }

    /// <summary>Where HTTP is served; port 0 takes any free one. Default 127.0.0.1:8081.</summary>
    public IPEndPoint Http { get; init; } = new(IPAddress.Loopback, 8081);

    /// <summary>Where MQTT is served; port 0 takes any free one. Default 127.0.0.1:1884.</summary>
    public IPEndPoint Mqtt { get; init; } = new(IPAddress.Loopback, 1884);

    /// <summary>Where API and pages are served by TLS, beside <see cref="Http"/>; port 0 takes any free one. Null (the default): nowhere. Needs <see cref="CertificateFile"/> and <see cref="CertificateKeyFile"/>.</summary>
    public IPEndPoint? Https { get; init; }

    /// <summary>
    /// Where MQTT is served by TLS, beside <see cref="Mqtt"/>, to devices that show certificates as they do to the cloud; port 0 takes any free one. Null (the default): nowhere. By
    /// <see cref="CertificateFile"/> if that is given, else by a certificate that the cloud issues for <see cref="MqttsNames"/>.
    /// </summary>
    public IPEndPoint? Mqtts { get; init; }

    /// <summary>Names and addresses by which devices know this gateway, for the certificate of <see cref="Mqtts"/>. At most 13; loopback and the address that is listened at are added.</summary>
    public IReadOnlyList<string> MqttsNames { get; init; } = [];

    /// <summary>How long the gateway relies on what it last heard of which certificates are good; after that it lets nobody in by one until it hears again. 1 hour to 10 years, default 7 days.</summary>
    public TimeSpan MaxTrustAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>PEM, the server's own certificate first, then those between it and the root. Read again when it changes.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM, not encrypted, readable by its owner only.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>Networks whose MQTT connections begin with a PROXY header (version 1 or 2) that says who the client is: those of load balancers. Default none.</summary>
    public IReadOnlyCollection<IPNetwork> ProxiesFrom { get; init; } = [];

    /// <summary>The least important entries that are logged. Default Information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How long raw readings stay, by arrival. 1 hour to 10 years, default 7 days.</summary>
    public TimeSpan KeepRaw { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long windows stay. 1 hour to 20 years, default 90 days.</summary>
    public TimeSpan KeepWindows { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Bytes of the local store beyond which the oldest raw readings go. 64 MiB or more, default 8 GiB.</summary>
    public long MaxStoreBytes { get; init; } = 8L << 30;

    /// <summary>Bytes of the uplink's log at most. 64 KiB or more, default 1 GiB.</summary>
    public long MaxBacklogBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of artifacts that are kept for the devices' updates; those longest not asked for go first. 16 MiB or more, default 4 GiB.</summary>
    public long MaxArtifactBytes { get; init; } = 4L << 30;

    /// <summary>Bytes a second that all downloads of artifacts from this gateway take together; guests have their share of it. 64 KiB or more; 0, the default: without bound.</summary>
    public long MaxDownloadBytesPerSecond { get; init; }

    /// <summary>
    /// What happens when the log is full. <see cref="WhenFull.Refuse"/> (default): readings stay in the local store, whose retention then waits; when the disk
    /// is full too, devices are no longer acknowledged. <see cref="WhenFull.DropOldest"/>: the oldest entries go, each loss told as a gap.
    /// </summary>
    public WhenFull WhenBacklogFull { get; init; } = WhenFull.Refuse;

    /// <summary>Entries a second at which the backlog is drained beside the live ones. 1 to 1,000,000, default 2,000.</summary>
    public double DrainRate { get; init; } = 2_000;

    /// <summary>Largest HTTP request body, bytes. 64 KiB to 256 MiB, default 16 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 16 << 20;

    /// <summary>HTTP connections at once. 16 to 1,000,000, default 10,000.</summary>
    public int MaxHttpConnections { get; init; } = 10_000;

    /// <summary>MQTT connections at once. 1 to 1,000,000, default 20,000.</summary>
    public int MaxMqttConnections { get; init; } = 20_000;

    /// <summary>Other tenants whose devices it serves, each with a share of its capacity; what they leave is its own tenant's. At most 15, default none.</summary>
    public IReadOnlyList<FogGuest> Guests { get; init; } = [];

    /// <summary>Messages a second that the tenants of a gateway with guests share. 100 to 10,000,000, default 10,000. Without guests nothing is bounded by it.</summary>
    public long MaxMessagesPerSecond { get; init; } = 10_000;

    /// <summary>Bytes a second of those messages. 64 KiB to 100 GiB, default 16 MiB.</summary>
    public long MaxBytesPerSecond { get; init; } = 16L << 20;

    /// <summary>Starts also when kept MQTT sessions or retained messages are damaged, without those that are.</summary>
    public bool SkipDamagedSessions { get; init; }

    /// <summary>What is set of the parts' limits and intervals.</summary>
    public NodeSettings Settings { get; init; } = NodeSettings.None;

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(DataFolder))
            throw new FogConfigurationException("No data folder is given; use --data DIR.");
        if (Cloud is null || !Cloud.IsAbsoluteUri || Cloud.Scheme is not ("http" or "https"))
            throw new FogConfigurationException($"--cloud is '{Cloud}'; it takes the parent's address, for example http://127.0.0.1:8080.");
        if (Site is not null && !SiteId.TryParse(Site, out _))
            throw new FogConfigurationException($"--site is '{Site}'; it takes the path of a place, for example hq/floor-1.");
        if (Name is not null && !Core.Devices.GatewayId.TryParse(Name, out _))
            throw new FogConfigurationException($"--name is '{Name}'; it takes letters, digits and . _ : - (at most 128).");
        Require(KeepRaw >= TimeSpan.FromHours(1) && KeepRaw <= TimeSpan.FromDays(3653), nameof(KeepRaw), "from 1 hour to 10 years");
        Require(KeepWindows >= TimeSpan.FromHours(1) && KeepWindows <= TimeSpan.FromDays(7306), nameof(KeepWindows), "from 1 hour to 20 years");
        Require(MaxStoreBytes >= 64L << 20, nameof(MaxStoreBytes), "64 MiB or more");
        Require(MaxBacklogBytes >= LeastBacklogBytes, nameof(MaxBacklogBytes), "64 KiB or more");
        Require(MaxArtifactBytes >= 16L << 20, nameof(MaxArtifactBytes), "16 MiB or more");
        Require(MaxDownloadBytesPerSecond is 0 or >= 65_536, nameof(MaxDownloadBytesPerSecond), "0, or 64 KiB or more a second");
        Require(DrainRate is >= 1 and <= 1_000_000, nameof(DrainRate), "from 1 to 1,000,000 entries a second");
        Require(MaxRequestBytes is >= 65_536 and <= 268_435_456, nameof(MaxRequestBytes), "from 64 KiB to 256 MiB");
        Require(MaxHttpConnections is >= 16 and <= 1_000_000, nameof(MaxHttpConnections), "from 16 to 1,000,000");
        Require(MaxMqttConnections is >= 1 and <= 1_000_000, nameof(MaxMqttConnections), "from 1 to 1,000,000");
        Require(MaxMessagesPerSecond is >= 100 and <= 10_000_000, nameof(MaxMessagesPerSecond), "from 100 to 10,000,000 messages a second");
        Require(MaxBytesPerSecond is >= 65_536 and <= 100L << 30, nameof(MaxBytesPerSecond), "from 64 KiB to 100 GiB a second");
        ValidateGuests();
        if (Http.Port != 0 && Http.Port == Mqtt.Port && Http.Address.Equals(Mqtt.Address))
            throw new FogConfigurationException($"--http and --mqtt are both {Http}; each needs its own port.");
        if (Https is not null && (CertificateFile is null || CertificateKeyFile is null))
            throw new FogConfigurationException("--https needs --cert FILE and --key FILE (PEM).");
        if (Https is null && Mqtts is null && (CertificateFile ?? CertificateKeyFile) is not null)
            throw new FogConfigurationException("--cert and --key belong to --https HOST:PORT or --mqtts HOST:PORT.");
        if (CertificateFile is null != CertificateKeyFile is null)
            throw new FogConfigurationException("--cert FILE and --key FILE belong together.");
        ValidateMqtts();
        if (Https is { Port: not 0 } && (Https.Equals(Http) || Https.Equals(Mqtt)))
            throw new FogConfigurationException($"--https is {Https}, where --http or --mqtt is served; each needs its own port.");
    }

    private void ValidateMqtts()
    {
        Require(MaxTrustAge >= TimeSpan.FromHours(1) && MaxTrustAge <= TimeSpan.FromDays(3653), nameof(MaxTrustAge), "from 1 hour to 10 years");
        if (MqttsNames.Count > 13)
            throw new FogConfigurationException($"{MqttsNames.Count} names are given by --mqtts-name; at most 13 are certified.");
        if (Mqtts is null)
            return;
        if (Mqtts.Port != 0 && (Mqtts.Equals(Http) || Mqtts.Equals(Mqtt) || Mqtts.Equals(Https)))
            throw new FogConfigurationException($"--mqtts is {Mqtts}, where something else is served; each needs its own port.");
        if (CertificateFile is null && MqttsNames.Count == 0 && (Mqtts.Address.Equals(IPAddress.Any) || Mqtts.Address.Equals(IPAddress.IPv6Any)))
            throw new FogConfigurationException($"--mqtts {Mqtts} does not say how devices reach it; name that by --mqtts-name HOST, or give --cert and --key.");
    }

    private void ValidateGuests()
    {
        foreach (var guest in Guests)
            guest.Validate();
        if (Guests.Count > MostGuests)
            throw new FogConfigurationException($"{Guests.Count} guests are given; a gateway takes {MostGuests}.");
        if (Guests.GroupBy(g => g.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FogConfigurationException($"--guest {twice.Key} is given twice; each guest has its own name.");
        var shares = Guests.Sum(g => g.Share);
        if (shares > 100 - CapacityShare.Least)
            throw new FogConfigurationException(FormattableString.Invariant($"The guests' shares are {shares} % together; at most {100 - CapacityShare.Least} % leave the gateway's own tenant something."));
    }

    internal static void Require(bool holds, string name, string range)
    {
        if (!holds)
            throw new FogConfigurationException($"{name} must be {range}.");
    }
}

/// <summary>The gateway cannot start as it is configured. The message is one sentence for the operator: what, where, what to do.</summary>
public sealed class FogConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
