using System.CommandLine;
using Strata.Cloud;
using Strata.Cloud.Tenancy.People;

namespace Strata.Cli.Commands;

/// <summary><c>strata cloud</c>: the cloud node; <c>strata cloud link</c>: a new sign-in link for its dashboard.</summary>
internal static class CloudCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Folder of the node's state; created at the first start.", Required = true };
        var http = new Option<string>("--http") { Description = "Where HTTP and the dashboard are served; port 0 takes a free one.", DefaultValueFactory = _ => "127.0.0.1:8080" };
        var mqtt = new Option<string>("--mqtt") { Description = "Where MQTT is served.", DefaultValueFactory = _ => "127.0.0.1:1883" };
        var proxies = ProxyOption.Create();
        var keepRaw = new Option<double>("--keep-raw-days") { Description = "How long raw readings stay.", DefaultValueFactory = _ => 30 };
        var keepWindows = new Option<double>("--keep-windows-days") { Description = "How long windows stay.", DefaultValueFactory = _ => 730 };
        var level = new Option<LogLevel>("--log-level") { Description = "Trace, Debug, Information, Warning or Error.", DefaultValueFactory = _ => LogLevel.Information };
        var database = new Option<string?>("--database")
        {
            Description = $"Keep registry and telemetry in this PostgreSQL database instead of the data folder: connection string of the node's role (or {DatabaseCommand.Variable}). 'strata database migrate' makes its tables.",
        };
        var keyFile = new Option<string?>("--key-file") { Description = "The installation's key, which wraps the tenants' data keys; installation.key in the data folder unless given. Made when it is missing." };
        var keyCommand = new Option<string?>("--key-command") { Description = "A program that holds the installation's key instead of a file: it is called with current, rotate, wrap ID, unwrap ID and destroy ID." };
        var skip = new Option<bool>("--skip-damaged") { Description = "Start without the MQTT sessions and retained messages that are damaged." };
        var untilStdin = ServerOptions.CreateUntilStdinCloses();
        var command = new Command("cloud", "Run the cloud node: MQTT and HTTP ingest, telemetry store, registry, API and dashboard.")
        {
            data, http, mqtt, database, proxies, keepRaw, keepWindows, level, keyFile, keyCommand, skip, untilStdin, CreateLink(), SettingsCommand.Create("cloud", CloudSettings.Sections),
        };
        var breachList = new Option<string?>("--breach-list") { Description = "Refuse passwords of this file: one a line, or SHA-1 hashes in order as Have I Been Pwned gives them.", HelpName = "FILE" };
        command.Options.Add(breachList);
        var https = new HttpsOptions(command, hasAuthority: true);
        var mqtts = new Option<string?>("--mqtts") { Description = "Serve MQTT by TLS here too; devices may show a certificate in place of a secret.", HelpName = "HOST:PORT" };
        command.Options.Add(mqtts);
        var mail = new MailOptions(command);
        var set = new SetOption(command, CloudSettings.Sections);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var io = parsed.InvocationConfiguration;
            try
            {
                var tls = https.Of(parsed);
                var options = new CloudOptions
                {
                    DataFolder = Path.GetFullPath(parsed.GetValue(data)!), LogLevel = parsed.GetValue(level),
                    Http = CloudOptions.ParseEndPoint("--http", parsed.GetValue(http)!), Mqtt = CloudOptions.ParseEndPoint("--mqtt", parsed.GetValue(mqtt)!),
                    People = new PeopleOptions { BreachList = parsed.GetValue(breachList) is { } list ? Path.GetFullPath(list) : null }, Https = tls.EndPoint, Mqtts = parsed.GetValue(mqtts) is { } byTls ? CloudOptions.ParseEndPoint("--mqtts", byTls) : null, CertificateFile = tls.Certificate, CertificateKeyFile = tls.Key,
                    PublicUrl = mail.PublicUrl(parsed), Smtp = mail.Smtp(parsed), ProxiesFrom = ProxyOption.Networks(parsed, proxies),
                    KeepRaw = TimeSpan.FromDays(parsed.GetValue(keepRaw)), KeepWindows = TimeSpan.FromDays(parsed.GetValue(keepWindows)),
                    SkipDamagedSessions = parsed.GetValue(skip), Database = DatabaseCommand.Given(parsed, database),
                    KeyFile = parsed.GetValue(keyFile), KeyCommand = parsed.GetValue(keyCommand), Settings = set.Of(parsed),
                };
                return await ServerOptions.RunAsync(parsed.GetValue(untilStdin), stop => CloudNode.RunAsync(options, io.Output, io.Error, stop), cancellationToken);
            }
            catch (CloudConfigurationException e)
            {
                throw new CliException(ExitCode.Usage, e.Message);
            }
        });
        return HelpWithExamples.WithExamples(command, "strata cloud --data ./data", "strata cloud --data ./data --set artifacts.maxBytesOfTenant=50GiB --set updates.lookInterval=1s", "strata cloud --data /var/lib/strata --http 0.0.0.0:8080 --mqtt 0.0.0.0:1883",
            "strata cloud --data ./data --public-url https://strata.example.com --smtp mail.example.com --smtp-from 'Strata <strata@example.com>' --smtp-user strata --smtp-password-file ./smtp.password",
            "strata cloud --data ./data --database \"Host=db;Username=strata_node;Password=...\"");
    }

    private static Command CreateLink()
    {
        var command = new Command("link", "Print a link that opens the dashboard once.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var link = await node.Connect(parsed).CreateLoginLinkAsync(cancellationToken);
            node.Writer(parsed).One(link, Strata.Cloud.Contracts.ContractsJson.Default.LoginLink, new("url", l => l.Url), new("expires", l => Output.OutputWriter.Time(l.Expires)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata cloud link --data ./data");
    }
}
