using System.CommandLine;
using System.Net;
using Strata.Cli.Broker;
using Strata.Mqtt.Broker;

namespace Strata.Cli.Commands;

/// <summary><c>strata broker</c>: the MQTT engine alone, as a general broker.</summary>
internal static class BrokerCommand
{
    public static Command Create()
    {
        var mqtt = new Option<string>("--mqtt") { Description = "Plain MQTT; port 0 takes a free one, 'none' serves none.", HelpName = "ADDR:PORT", DefaultValueFactory = _ => "127.0.0.1:1883" };
        var ws = new Option<string?>("--ws") { Description = "MQTT over WebSocket, at the path /mqtt.", HelpName = "ADDR:PORT" };
        var origins = new Option<string[]>("--ws-origin") { Description = "Pages of this origin may connect over WebSocket; may be given several times. Default: all, with --anonymous those of this machine.", HelpName = "http[s]://HOST[:PORT]" };
        var tls = new Option<string?>("--tls") { Description = "MQTT over TLS 1.2 and 1.3; needs --cert and --key.", HelpName = "ADDR:PORT" };
        var cert = new Option<string?>("--cert") { Description = "The certificate, PEM; read again when it changes.", HelpName = "FILE" };
        var key = new Option<string?>("--key") { Description = "Its key, PEM.", HelpName = "FILE" };
        var clientCa = new Option<string?>("--client-ca") { Description = "With --tls: clients must show a certificate of one of these authorities, PEM; its common name is the user name of those who give none.", HelpName = "FILE" };
        var unix = new Option<string?>("--unix") { Description = "A Unix socket.", HelpName = "PATH" };
        var proxies = ProxyOption.Create();
        var anonymous = new Option<bool>("--anonymous") { Description = "Anyone may connect; on loopback only." };
        var users = new Option<string?>("--users") { Description = "Names and password hashes; see 'strata broker passwd'.", HelpName = "FILE" };
        var rules = new Option<string?>("--rules") { Description = "Who may do what, a rule a line: allow|deny USER|* publish|subscribe|all FILTER. The first that applies decides, else it is denied. {client}, {user} and {device} (which is the user here) stand for one level of FILTER.", HelpName = "FILE" };
        var data = new Option<string?>("--data") { Description = "Keep sessions, what waits for them and retained messages here; without it they are in memory, and a restart ends them.", HelpName = "DIR" };
        var control = new Option<string?>("--control") { Description = "The Unix socket by which 'strata broker top' and its like reach this broker, its owner only; 'none' for none. Default: DIR/control.sock with --data, else in the user's runtime directory.", HelpName = "PATH" };
        var limits = new BrokerLimits();
        var bans = new Option<string?>("--bans") { Description = "Who may not connect: client|user|address VALUE [until TIME] a line; a change is taken up within a second. See also 'strata broker bans'.", HelpName = "FILE" };
        var limitsFile = new Option<string?>("--limits") { Description = "Limits in a file, NAME = VALUE a line, named as the options here without the dashes; it goes before them, and a change is taken up within a second.", HelpName = "FILE" };
        var level = new Option<LogLevel>("--log-level") { Description = "Trace, Debug, Information, Warning or Error.", DefaultValueFactory = _ => LogLevel.Information };
        var untilStdin = ServerOptions.CreateUntilStdinCloses();
        var command = new Command("broker", "Run the MQTT engine alone: MQTT 3.1.1 and 5 for anyone, all topics free.")
        {
            mqtt, ws, origins, tls, cert, key, clientCa, unix, proxies, anonymous, users, rules, data, control, bans, limitsFile, level, untilStdin, Passwd(),
            BrokerInspectionCommands.Clients(), BrokerInspectionCommands.Subscriptions(), BrokerInspectionCommands.Retained(), BrokerTopCommand.Create(), BrokerTraceCommand.Create(),
            BrokerInspectionCommands.Disconnect(), BrokerBansCommand.Create(), BrokerInspectionCommands.Level(),
        };
        foreach (var option in limits.Options)
            command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var io = parsed.InvocationConfiguration;
            var options = new BrokerOptions
            {
                Mqtt = parsed.GetValue(mqtt) is "none" ? null : EndPoint("--mqtt", parsed.GetValue(mqtt)), WebSocket = EndPoint("--ws", parsed.GetValue(ws)),
                Tls = EndPoint("--tls", parsed.GetValue(tls)), CertificateFile = parsed.GetValue(cert), KeyFile = parsed.GetValue(key), ClientCaFile = parsed.GetValue(clientCa),
                UnixSocket = parsed.GetValue(unix), ProxiesFrom = ProxyOption.Networks(parsed, proxies), Anonymous = parsed.GetValue(anonymous), UsersFile = parsed.GetValue(users), RulesFile = parsed.GetValue(rules),
                DataDirectory = parsed.GetValue(data), WebSocketOrigins = parsed.GetValue(origins) ?? [],
                HasControl = parsed.GetValue(control) != "none",
                ControlPath = parsed.GetValue(control) is { } path and not "none" ? path : null,
                LogLevel = parsed.GetValue(level),
                Engine = engine => limits.Apply(parsed, engine), LimitsFile = parsed.GetValue(limitsFile), BansFile = parsed.GetValue(bans), Limits = limits.InFile,
            };
            return await ServerOptions.RunAsync(parsed.GetValue(untilStdin), stop => BrokerServer.RunAsync(options, io.Output, io.Error, stop), cancellationToken);
        });
        return HelpWithExamples.WithExamples(
            command, "strata broker --anonymous", "strata broker --mqtt 0.0.0.0:1883 --users users.txt --rules rules.txt --data /var/lib/strata-broker",
            "strata broker --mqtt none --tls 0.0.0.0:8883 --cert server.pem --key server.key --users users.txt");
    }

    private static Command Passwd()
    {
        var file = new Argument<string>("FILE") { Description = "The users' file; made when it is missing, readable by its owner only." };
        var name = new Argument<string>("NAME") { Description = "The user." };
        var delete = new Option<bool>("--delete") { Description = "Take the user out." };
        var command = new Command("passwd", "Set a user's password, read from standard input, in a users' file.") { file, name, delete };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var password = parsed.GetValue(delete) ? null : await ReadPasswordAsync(parsed.InvocationConfiguration.Error, cancellationToken);
                if (!UserFile.Set(parsed.GetRequiredValue(file), parsed.GetRequiredValue(name), password))
                    throw new CliException(ExitCode.Failed, $"{parsed.GetValue(file)} has no user '{parsed.GetValue(name)}'.");
                return ExitCode.Success;
            }
            catch (BrokerConfigurationException e)
            {
                throw new CliException(ExitCode.Usage, e.Message);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.Failed, $"{parsed.GetValue(file)}: {e.Message}");
            }
        });
        return HelpWithExamples.WithExamples(command, "strata broker passwd users.txt ada", "echo \"$SECRET\" | strata broker passwd users.txt sensor-1");
    }

    private static async Task<string> ReadPasswordAsync(TextWriter prompt, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected)
            return await Console.In.ReadLineAsync(cancellationToken) ?? "";
        await prompt.WriteAsync("Password: ");
        var typed = new System.Text.StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }
        await prompt.WriteLineAsync();
        return typed.ToString();
    }

    private static IPEndPoint? EndPoint(string option, string? text)
    {
        if (text is null)
            return null;
        return IPEndPoint.TryParse(text, out var endPoint) && text.Contains(':', StringComparison.Ordinal)
            ? endPoint
            : throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not an address; use ADDR:PORT, for example 127.0.0.1:1883.");
    }
}
