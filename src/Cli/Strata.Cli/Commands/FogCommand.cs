using System.CommandLine;
using Strata.Cloud;
using Strata.Fog;
using Strata.Fog.Served;
using Strata.Forwarding;

namespace Strata.Cli.Commands;

/// <summary><c>strata fog</c>: the gateway of a site.</summary>
internal static class FogCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Folder of the gateway's state; created at the first start.", Required = true };
        var cloud = new Option<string>("--cloud") { Description = "The parent: a cloud node, or another gateway. http://HOST:PORT or https://HOST:PORT", Required = true };
        var ca = new Option<string?>("--ca") { Description = "PEM file of the authorities that the parent's certificate must lead to, when they are not the machine's.", HelpName = "FILE" };
        var token = new Option<string?>("--join-token") { Description = "From 'strata gateways token'; needed at the first start only." };
        var site = new Option<string?>("--site") { Description = "The place it serves; needed at the first start only." };
        var name = new Option<string?>("--name") { Description = "Its id; drawn from the site when left out." };
        var http = new Option<string>("--http") { Description = "Where its API is served; port 0 takes a free one.", DefaultValueFactory = _ => "127.0.0.1:8081" };
        var mqtt = new Option<string>("--mqtt") { Description = "Where its devices connect.", DefaultValueFactory = _ => "127.0.0.1:1884" };
        var mqtts = new Option<string?>("--mqtts") { Description = "Serve MQTT by TLS here too, to devices that show their certificates; by a certificate that the cloud issues, unless --cert is given.", HelpName = "HOST:PORT" };
        var names = new Option<string[]>("--mqtts-name") { Description = "A name or address by which devices know this gateway, for that certificate. Can be repeated; the address listened at and loopback are added.", HelpName = "HOST" };
        var trusted = new Option<double>("--max-trust-age-days") { Description = "How long it relies on what it last heard of which certificates are good; then it takes none until it hears again.", DefaultValueFactory = _ => 7 };
        var proxies = ProxyOption.Create();
        var keep = new Option<double>("--keep-raw-days") { Description = "How long raw readings stay here.", DefaultValueFactory = _ => 7 };
        var store = new Option<long>("--max-store-mb") { Description = "Size of its store beyond which the oldest raw readings go.", DefaultValueFactory = _ => 8192 };
        var backlog = new Option<long>("--max-backlog-mb") { Description = "Size of what waits for the parent.", DefaultValueFactory = _ => 1024 };
        var artifacts = new Option<long>("--max-artifacts-mb") { Description = "Size of the artifacts kept here for its devices' updates; those longest not asked for go first.", DefaultValueFactory = _ => 4096 };
        var downloads = new Option<long>("--downloads-kb") { Description = "KiB a second that all downloads of artifacts from here take together, 64 or more; guests have their share. 0 for no bound.", DefaultValueFactory = _ => 0 };
        var full = new Option<string>("--when-backlog-full") { Description = "refuse (devices wait) or drop-oldest (each drop is a gap record).", DefaultValueFactory = _ => "refuse" };
        full.AcceptOnlyFromAmong("refuse", "drop-oldest");
        var drain = new Option<double>("--drain-rate") { Description = "Entries a second out of the backlog after an outage.", DefaultValueFactory = _ => 2000 };
        var guests = new Option<string[]>("--guest")
        {
            Description = "Serve another tenant's devices too, kept apart, with this share of the gateway's capacity (site and join-token at the first start): NAME,share=30,site=PATH,join-token=TOKEN. Can be repeated.",
            HelpName = "GUEST",
        };
        var connections = new Option<int>("--max-connections") { Description = "MQTT connections at once.", DefaultValueFactory = _ => 20_000 };
        var messages = new Option<long>("--max-messages") { Description = "Messages a second that the tenants of a gateway with guests share.", DefaultValueFactory = _ => 10_000 };
        var bytes = new Option<long>("--max-bytes") { Description = "Bytes a second of those messages.", DefaultValueFactory = _ => 16L << 20 };
        var level = new Option<LogLevel>("--log-level") { Description = "Trace, Debug, Information, Warning or Error.", DefaultValueFactory = _ => LogLevel.Information };
        var skip = new Option<bool>("--skip-damaged") { Description = "Start without the MQTT sessions and retained messages that are damaged." };
        var untilStdin = ServerOptions.CreateUntilStdinCloses();
        var command = new Command("fog", "Run a fog gateway: its site's devices, windows, a local store and API, store-and-forward to its parent.")
        {
            data, cloud, ca, token, site, name, http, mqtt, mqtts, names, trusted, proxies, keep, store, backlog, artifacts, downloads, full, drain, guests, connections, messages, bytes, level, skip, untilStdin, SettingsCommand.Create("fog", FogSettings.Sections),
        };
        var https = new HttpsOptions(command, hasAuthority: false);
        var set = new SetOption(command, FogSettings.Sections);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var io = parsed.InvocationConfiguration;
            if (!Uri.TryCreate(parsed.GetValue(cloud), UriKind.Absolute, out var parent) || parent.Scheme is not ("http" or "https"))
                throw new CliException(ExitCode.Usage, $"--cloud: '{parsed.GetValue(cloud)}' is not an address; use http://HOST:PORT.");
            try
            {
                var tls = https.Of(parsed);
                var options = new FogOptions
                {
                    DataFolder = Path.GetFullPath(parsed.GetValue(data)!), Cloud = parent, CloudCaFile = parsed.GetValue(ca) is { } file ? Path.GetFullPath(file) : null, JoinToken = parsed.GetValue(token), Site = parsed.GetValue(site), Name = parsed.GetValue(name),
                    Http = CloudOptions.ParseEndPoint("--http", parsed.GetValue(http)!), Mqtt = CloudOptions.ParseEndPoint("--mqtt", parsed.GetValue(mqtt)!),
                    Mqtts = parsed.GetValue(mqtts) is { } at ? CloudOptions.ParseEndPoint("--mqtts", at) : null, MqttsNames = parsed.GetValue(names) ?? [], MaxTrustAge = TimeSpan.FromDays(parsed.GetValue(trusted)),
                    Https = tls.EndPoint, CertificateFile = tls.Certificate, CertificateKeyFile = tls.Key,
                    ProxiesFrom = ProxyOption.Networks(parsed, proxies),
                    KeepRaw = TimeSpan.FromDays(parsed.GetValue(keep)), MaxStoreBytes = parsed.GetValue(store) << 20, MaxBacklogBytes = parsed.GetValue(backlog) << 20, MaxArtifactBytes = parsed.GetValue(artifacts) << 20, MaxDownloadBytesPerSecond = parsed.GetValue(downloads) << 10,
                    WhenBacklogFull = parsed.GetValue(full) == "refuse" ? WhenFull.Refuse : WhenFull.DropOldest, DrainRate = parsed.GetValue(drain), LogLevel = parsed.GetValue(level),
                    Guests = [.. (parsed.GetValue(guests) ?? []).Select(FogGuest.Parse)], MaxMqttConnections = parsed.GetValue(connections), MaxMessagesPerSecond = parsed.GetValue(messages), MaxBytesPerSecond = parsed.GetValue(bytes),
                    SkipDamagedSessions = parsed.GetValue(skip), Settings = set.Of(parsed),
                };
                return await ServerOptions.RunAsync(parsed.GetValue(untilStdin), stop => FogNode.RunAsync(options, io.Output, io.Error, stop), cancellationToken);
            }
            catch (Exception e) when (e is CloudConfigurationException or FogConfigurationException)
            {
                throw new CliException(ExitCode.Usage, e.Message);
            }
        });
        return HelpWithExamples.WithExamples(command, "strata fog --data ./fog --cloud http://127.0.0.1:8080 --join-token TOKEN --site hq/floor-1");
    }
}
