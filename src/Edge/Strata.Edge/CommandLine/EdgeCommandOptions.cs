using System.CommandLine;
using System.Globalization;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Edge.Buffering;
using Strata.Edge.Delivery;
using Strata.Edge.Identity;
using Strata.Edge.Reduction;
using Strata.Edge.Sources;
using Strata.Edge.Updates;
using Strata.Edge.Updates.Rauc;
using Strata.Forwarding;

namespace Strata.Edge.CommandLine;

/// <summary>The options of an agent as the command line names them.</summary>
internal sealed class EdgeCommandOptions
{
    private const string WithRauc = "rauc";

    private readonly Option<string> data = new("--data") { Description = "The agent's own folder: buffer, books, status.json.", Required = true, HelpName = "DIR" };
    private readonly Option<string?> device = new("--device") { Description = "The device that the agent speaks for; with --birth its certificate says it.", HelpName = "ID" };
    private readonly Option<string?> secretFile = new("--secret-file") { Description = "A file with the device's secret.", HelpName = "FILE" };
    private readonly Option<string?> birth = new("--birth") { Description = "In place of a secret: the birth or claim certificate (PEM) with which the agent asks for its own, which it keeps and renews by itself.", HelpName = "FILE" };
    private readonly Option<string?> birthKey = new("--birth-key") { Description = "The key (PEM) of --birth, or pkcs11:... where it is in a token.", HelpName = "FILE|URI" };
    private readonly Option<string?> key = new("--key")
    {
        Description = "With --birth: the agent's own key in a token, made there beforehand and the same at each renewal; without it a file (0600) that is made anew each time. pkcs11:token=T;object=O;type=private?pin-source=file:/PATH",
        HelpName = "URI",
    };
    private readonly Option<string?> serial = new("--serial") { Description = "With a claim certificate: the serial number of this device.", HelpName = "TEXT" };
    private readonly Option<string?> authorities = new("--ca") { Description = "mqtts: the authorities (PEM) that a gateway's certificate must lead to; without it the machine's.", HelpName = "FILE" };
    private readonly Option<string> to = new("--to") { Description = "mqtt://HOST:PORT or mqtts://HOST:PORT of a gateway or cloud node; several with commas, the first is preferred.", Required = true, HelpName = "ADDRESSES" };
    private readonly Option<string> source = new("--source") { Description = "replay:FILE (CSV), host (this machine), stdin (JSON lines) or room (simulated).", Required = true, HelpName = "SOURCE" };
    private readonly Option<string[]> map = new("--map") { Description = "replay: a metric's column and unit, temperature=value:degF. May be repeated; default every column.", HelpName = "METRIC=COLUMN[:UNIT]" };
    private readonly Option<string?> timeColumn = new("--time-column") { Description = "replay: the column with the time; default the one named ts, time, timestamp, date or datetime.", HelpName = "COLUMN" };
    private readonly Option<string?> timeFormat = new("--time-format") { Description = "replay: a .NET format, ms or s; default ISO 8601, UTC unless it says otherwise.", HelpName = "FORMAT" };
    private readonly Option<string?> speed = new("--speed") { Description = "replay: how many times faster than in the file, or max; room: simulated seconds a second.", HelpName = "FACTOR" };
    private readonly Option<string?> shiftEnd = new("--shift-end") { Description = "replay: shift the times so that the last row lands at the end of the replay (now) or at a time.", HelpName = "now|TIME" };
    private readonly Option<string?> offset = new("--offset") { Description = "replay: start elsewhere in the file (36h, 25%) and wrap round.", HelpName = "SPAN|PERCENT" };
    private readonly Option<bool> exitAtEnd = new("--exit-at-end") { Description = "replay: end when the last row is acknowledged; without it the agent stays connected." };
    private readonly Option<string?> interval = new("--interval") { Description = "host, room: time between two samples; default 10s.", HelpName = "SPAN" };
    private readonly Option<string[]> deadBand = new("--deadband") { Description = "A value is sent when it is further from the last one sent: temperature=0.5. May be repeated.", HelpName = "METRIC=BAND" };
    private readonly Option<string?> heartbeat = new("--heartbeat") { Description = "A metric is sent at least this often; default 5m.", HelpName = "SPAN" };
    private readonly Option<string[]> immediate = new("--immediate") { Description = "A metric whose changes never wait for a window. May be repeated.", HelpName = "METRIC" };
    private readonly Option<string?> bufferBytes = new("--buffer") { Description = "The buffer's size on disk: 512k, 64M, 1G; default 64M.", HelpName = "BYTES" };
    private readonly Option<string?> whenFull = new("--when-full") { Description = "refuse (default: the source waits) or drop-oldest (counted as lost).", HelpName = "POLICY" };
    private readonly Option<string?> health = new("--health-interval") { Description = "Time between two health messages; default 5s.", HelpName = "SPAN" };
    private readonly Option<string?> returnAfter = new("--return-after") { Description = "How long with another gateway before the first is tried again; default 1m.", HelpName = "SPAN" };
    private readonly Option<string?> flushLimit = new("--flush-limit") { Description = "How long an agent that is told to stop goes on sending what waits; default 3.5s.", HelpName = "SPAN" };
    private readonly Option<string?> control = new("--control") { Description = "A control loop: a JSON file, or metric=temperature,setpoint=21,actuator=file:PATH,...", HelpName = "FILE|SETTINGS" };

    private readonly Option<string?> updates = new("--updates") { Description = "The folder with the two slots and keys.json, of an agent that updates itself; it is started by 'supervise', which gives this. With --update-with rauc: with keys.json and what is downloaded.", HelpName = "DIR" };
    private readonly Option<string?> updateWith = new("--update-with")
    {
        Description = "With --updates: slots (default: two of the agent's own, in --updates) or rauc: RAUC (Debian's rauc and rauc-service) has two slots with a whole system in each, and artifacts are its bundles.", HelpName = "slots|rauc",
    };
    private readonly Option<string?> restartWith = new("--restart-with") { Description = "With --update-with rauc: the program that starts the machine again; default reboot.", HelpName = "FILE" };
    private readonly Option<string?> updatesFrom = new("--updates-from") { Description = "With --updates: where artifacts are downloaded from, a gateway or the cloud; without it they come in blocks by the connection to --to.", HelpName = "URL" };
    private readonly Option<string?> model = new("--model") { Description = "With --updates: the device's model, which manifests must be for.", HelpName = "MODEL" };
    private readonly Option<string?> hardware = new("--hardware") { Description = "With --updates: its hardware revision.", HelpName = "REVISION" };
    private readonly Option<string?> component = new("--component") { Description = "With --updates: the component that is in the slots; default edge, with --update-with rauc os.", HelpName = "NAME" };
    private readonly Option<string[]> has = new("--has") { Description = "With --updates: what else is on the device and updates may need: bootloader=2.1. May be repeated.", HelpName = "COMPONENT=VERSION" };
    private readonly Option<string?> selfTest = new("--self-test") { Description = "With --updates: a program that has to end with 0 before a new version is confirmed.", HelpName = "FILE" };
    private readonly Option<string?> updateWhen = new("--update-when") { Description = "With --updates: a program that has to end with 0 before a new version is installed (idle? battery full?).", HelpName = "FILE" };
    private readonly Option<string?> updateHours = new("--update-hours") { Description = "With --updates: the hours (UTC) in which new versions are installed, 01:00-04:30.", HelpName = "FROM-UNTIL" };
    private readonly Option<string?> askEvery = new("--ask-every") { Description = "With --updates: time between two questions for work; default 5m.", HelpName = "SPAN" };
    private readonly Option<string?> confirmWithin = new("--confirm-within") { Description = "With --updates: within what time of its start a new version must have proved itself when its job does not say; default 5m.", HelpName = "SPAN" };

    public IEnumerable<Option> All =>
    [
        data, device, secretFile, birth, birthKey, key, serial, authorities, to, source, map, timeColumn, timeFormat, speed, shiftEnd, offset, exitAtEnd, interval, deadBand, heartbeat, immediate, bufferBytes,
        whenFull, health, returnAfter, flushLimit, control,
        updates, updateWith, restartWith, updatesFrom, model, hardware, component, has, selfTest, updateWhen, updateHours, askEvery, confirmWithin,
    ];

    /// <exception cref="FormatException">A value is not what it should be; the message says which and what would be.</exception>
    public EdgeOptions Read(ParseResult parsed, Func<Stream> input)
    {
        var plain = new DeliveryOptions();
        var options = new EdgeOptions
        {
            DataDirectory = parsed.GetRequiredValue(data),
            Device = parsed.GetValue(device) is { } id ? DeviceId.Parse(id) : null,
            SecretFile = parsed.GetValue(secretFile),
            Identity = ReadIdentity(parsed),
            AuthorityFile = parsed.GetValue(authorities),
            Gateways = [.. parsed.GetRequiredValue(to).Split(',').Select(GatewayAddress.Parse)],
            Source = ReadSource(parsed, input),
            Reduction = new ReductionOptions
            {
                DeadBand = new DeadBandOptions { Bands = ReadBands(parsed), Heartbeat = Span(parsed, heartbeat) ?? new DeadBandOptions().Heartbeat },
                Immediate = [.. (parsed.GetValue(immediate) ?? []).Select(MetricName.Parse)],
            },
            Buffer = new BufferOptions { MaxBytes = ReadBytes(parsed.GetValue(bufferBytes)) ?? new BufferOptions().MaxBytes, WhenFull = ReadPolicy(parsed.GetValue(whenFull)) },
            Delivery = plain with { HealthInterval = Span(parsed, health) ?? plain.HealthInterval, ReturnAfter = Span(parsed, returnAfter) ?? plain.ReturnAfter },
            Updates = ReadUpdates(parsed),
            Control = parsed.GetValue(control) is { } text ? ControlSettings.Parse(text) : null,
        };
        return options with { FlushLimit = Span(parsed, flushLimit) ?? options.FlushLimit };
    }

    private AgentIdentityOptions? ReadIdentity(ParseResult parsed) => (parsed.GetValue(birth), parsed.GetValue(birthKey)) switch
    {
        (null, null) => parsed.GetValue(serial) is not null ? throw new FormatException("--serial belongs to --birth with a claim certificate.")
            : parsed.GetValue(key) is not null ? throw new FormatException("--key belongs to --birth: with a certificate an agent has a key.")
            : null,
        ({ } certificate, { } own) => new AgentIdentityOptions { BirthCertificateFile = certificate, BirthKeyFile = own, KeyUri = parsed.GetValue(key), Serial = parsed.GetValue(serial) },
        _ => throw new FormatException("--birth and --birth-key go together."),
    };

    private UpdateOptions? ReadUpdates(ParseResult parsed)
    {
        if (parsed.GetValue(updates) is not { } folder)
        {
            Option[] only = [updateWith, restartWith, updatesFrom, model, hardware, component, has, selfTest, updateWhen, updateHours, askEvery, confirmWithin];
            return only.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } misplaced ? throw new FormatException($"{misplaced.Name} belongs to --updates DIR.") : null;
        }
        Uri? from = null;
        if (parsed.GetValue(updatesFrom) is { } address && !Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out from))
            throw new FormatException($"--updates-from is '{address}'; write http://HOST:PORT or https://HOST:PORT of a gateway or the cloud, or leave it out for MQTT.");
        var hours = ReadHours(parsed.GetValue(updateHours));
        var options = new UpdateOptions
        {
            Folder = folder, From = from, Model = parsed.GetValue(model) ?? throw new FormatException("--updates needs --model: manifests say for which models they are."), Hardware = parsed.GetValue(hardware), Has = ReadHas(parsed),
            SelfTest = parsed.GetValue(selfTest), Precondition = parsed.GetValue(updateWhen), NotBefore = hours?.From, NotAfter = hours?.Until,
        };
        return options with
        {
            Rauc = ReadRauc(parsed), Component = parsed.GetValue(component) ?? (parsed.GetValue(updateWith) == WithRauc ? "os" : options.Component), AskEvery = Span(parsed, askEvery) ?? options.AskEvery, ConfirmWithin = Span(parsed, confirmWithin) ?? options.ConfirmWithin,
        };
    }

    private Dictionary<string, string> ReadHas(ParseResult parsed)
    {
        var found = new Dictionary<string, string>();
        foreach (var text in parsed.GetValue(has) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !found.TryAdd(text[..equals], text[(equals + 1)..]))
                throw new FormatException($"--has is '{text}'; write COMPONENT=VERSION once of each component, for example bootloader=2.1.");
        }
        return found;
    }

    private RaucOptions? ReadRauc(ParseResult parsed)
    {
        var (with, restart) = (parsed.GetValue(updateWith), parsed.GetValue(restartWith));
        return with switch
        {
            WithRauc => restart is null ? new RaucOptions() : new RaucOptions { Restart = restart },
            null or "slots" => restart is null ? null : throw new FormatException("--restart-with belongs to --update-with rauc."),
            _ => throw new FormatException($"--update-with is '{with}'; it takes slots or rauc."),
        };
    }

    private static (TimeOnly From, TimeOnly Until)? ReadHours(string? text)
    {
        if (text is null)
            return null;
        var parts = text.Split('-');
        return parts.Length == 2 && TimeOnly.TryParseExact(parts[0], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var from) && TimeOnly.TryParseExact(parts[1], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var until)
            ? (from, until)
            : throw new FormatException($"'{text}' are no hours; write FROM-UNTIL, for example 01:00-04:30.");
    }

    private SourceOptions ReadSource(ParseResult parsed, Func<Stream> input)
    {
        var text = parsed.GetRequiredValue(source);
        if (text.StartsWith("replay:", StringComparison.Ordinal))
            return ReadReplay(parsed, text["replay:".Length..]);
        Option[] replayOnly = [map, timeColumn, timeFormat, shiftEnd, offset, exitAtEnd];
        if (replayOnly.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } misplaced)
            throw new FormatException($"{misplaced.Name} belongs to --source replay:FILE.");
        return text switch
        {
            "host" => new HostOptions { Interval = Span(parsed, interval) ?? new HostOptions().Interval },
            "stdin" => new StdinOptions(input()),
            "room" => new RoomOptions { Interval = Span(parsed, interval) ?? new RoomOptions().Interval, Speed = ReadSpeed(parsed) ?? new RoomOptions().Speed },
            _ => throw new FormatException($"'{text}' is not a source; use replay:FILE, host, stdin or room."),
        };
    }

    private ReplayOptions ReadReplay(ParseResult parsed, string file) => new(file)
    {
        Map = [.. (parsed.GetValue(map) ?? []).Select(ColumnMapping.Parse)],
        TimeColumn = parsed.GetValue(timeColumn),
        TimeFormat = parsed.GetValue(timeFormat),
        Speed = ReadSpeed(parsed) ?? 1,
        ShiftEnd = parsed.GetValue(shiftEnd) is { } end ? new ShiftEnd(ReadTime(end)) : null,
        Offset = parsed.GetValue(offset) is { } at ? ReplayOffset.Parse(at) : default,
        ExitAtEnd = parsed.GetValue(exitAtEnd),
    };

    private static DateTimeOffset? ReadTime(string text)
    {
        if (text == "now")
            return null;
        if (long.TryParse(text, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds is > 0 and < 10_000_000_000_000)
            return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new FormatException($"'{text}' is not a time; write now, an ISO 8601 time or milliseconds since 1970.");
    }

    private double? ReadSpeed(ParseResult parsed) => parsed.GetValue(speed) switch
    {
        null => null,
        "max" => double.PositiveInfinity,
        var text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var factor)
            ? factor
            : throw new FormatException($"'{text}' is not a speed; write a factor, for example 120, or max."),
    };

    private Dictionary<string, double> ReadBands(ParseResult parsed)
    {
        var bands = new Dictionary<string, double>();
        foreach (var text in parsed.GetValue(deadBand) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !double.TryParse(text.AsSpan(equals + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var band))
                throw new FormatException($"'{text}' is not a dead band; write METRIC=BAND, for example temperature=0.5.");
            bands[MetricName.Parse(text[..equals]).Value] = band;
        }
        return bands;
    }

    private static long? ReadBytes(string? text)
    {
        if (text is null)
            return null;
        var unit = text.Length == 0 ? -1 : "kMG".IndexOf(text[^1], StringComparison.Ordinal);
        return long.TryParse(unit < 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count < 1L << 40
            ? count << (10 * (unit + 1))
            : throw new FormatException($"'{text}' is not a size; write bytes, or for example 512k, 64M or 1G.");
    }

    private static WhenFull ReadPolicy(string? text) => text switch
    {
        null or "refuse" => WhenFull.Refuse,
        "drop-oldest" => WhenFull.DropOldest,
        _ => throw new FormatException($"'{text}' is not a policy for a full buffer; use refuse or drop-oldest."),
    };

    private static TimeSpan? Span(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } text ? Duration.Parse(text) : null;
}
