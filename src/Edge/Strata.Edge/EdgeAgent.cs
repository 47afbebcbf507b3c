using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Edge.Buffering;
using Strata.Edge.Control;
using Strata.Edge.Delivery;
using Strata.Edge.Identity;
using Strata.Edge.Reduction;
using Strata.Edge.Sources;
using Strata.Edge.Updates;
using Strata.Edge.Updates.Rauc;
using Strata.Edge.Watching;
using Strata.Edge.Wiping;

namespace Strata.Edge;

/// <summary>The edge agent: a source, dead bands, a durable buffer, a gateway, and beside them a control loop that needs none of these.</summary>
public sealed partial class EdgeAgent : IDisposable
{
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(1);
    private readonly EdgeOptions options;
    private readonly TimeProvider time;
    private readonly DeviceIdentity? identity;
    private readonly ILogger logger;
    private readonly long started;
    private readonly ISampleSource source;
    private readonly AgentLog log;
    private readonly SampleReducer reducer;
    private readonly Sender sender;
    private readonly LatestMeasurement? latest;
    private readonly ControlLoop? control;
    private readonly IActuator? actuator;
    private readonly TimeSpan controlPeriod;
    private readonly UpdateAgent? updates;
    private volatile bool sourceEnded;

    private EdgeAgent(EdgeOptions options, DeviceIdentity? identity, GatewayTrust trust, TimeProvider time, ILoggerFactory loggers)
    {
        (this.options, this.time, this.identity) = (options, time, identity);
        // Until the device has enrolled nobody knows its name; what is recorded does not hold it.
        var device = identity is null ? options.Device!.Value : DeviceId.Parse(identity.Serial);
        logger = loggers.CreateLogger("Strata.Edge");
        started = time.GetTimestamp();
        var room = options.Source is RoomOptions r ? new RoomPlant(r.Room, r.Outside, r.Speed) : null;
        source = options.Source switch
        {
            ReplayOptions replay => new ReplaySource(replay, time, logger),
            HostOptions host => new HostSource(host, options.DataDirectory, time),
            StdinOptions stdin => new StdinSource(stdin, device, time, logger),
            RoomOptions looked => new RoomSource(looked, room!, time),
            _ => throw new NotSupportedException($"{options.Source.GetType().Name} is no source of this agent."),
        };
        if ((options.Control ?? (room is null ? null : new ControlOptions())) is { } loop)
        {
            latest = room is null ? new LatestMeasurement(loop.Metric, loop.StaleAfter, time) : null;
            actuator = loop.ActuatorFile is { } path ? new FileActuator(path, logger) : room;
            controlPeriod = loop.Period;
            control = new ControlLoop(loop, (IMeasurement?)latest ?? room!, Both(actuator, room), time, (options.Source as RoomOptions)?.Speed ?? 1);
        }
        log = AgentLog.Open(options.DataDirectory, options.Buffer, source.Key, options.Delivery.Window, time, logger);
        reducer = new SampleReducer(device, options.Reduction, log.Memo);
        var dialer = new GatewayDialer(options.Device, options.SecretFile, identity, trust, options.Gateways, options.Delivery, time, logger);
        updates = options.Updates is { } updating ? CreateUpdates(updating, trust) : null;
        sender = new Sender(log, dialer, identity, updates, options.Delivery, async cancellation => (await ReportAsync(cancellation)).ToHealth(), time, loggers, logger);
    }

    /// <summary>
    /// Runs an agent until the token is cancelled, or until its source has ended and everything is acknowledged where the source says so. Stops within 5 s; what
    /// is not acknowledged then stays in the buffer.
    /// </summary>
    /// <param name="ready">
    /// Gets one line, <c>ready device=ID to=ADDRESS stream=STREAM</c>, when readings are taken; that does not wait for a gateway. Of a device that has not enrolled yet it is
    /// <c>ready serial=TEXT ...</c>: its name comes with its certificate.
    /// </param>
    /// <exception cref="EdgeConfigurationException">The options, the source's file or the data folder cannot be used; the message says why.</exception>
    /// <exception cref="RestartForUpdateException">Another version of it is to be started; where RAUC has the slots, the machine is being started again.</exception>
    /// <exception cref="DeviceWipedException">The device was taken out of service: the agent has wiped itself, now or before.</exception>
    public static async Task RunAsync(EdgeOptions options, TextWriter ready, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Validate().FirstOrDefault() is { } wrong)
            throw new EdgeConfigurationException(wrong);
        await using var service = ServiceNotifier.OfEnvironment(time);
        var trust = GatewayTrust.Read(options.AuthorityFile, options.DataDirectory);
        var wipe = new AgentWipe(options, trust, time, loggers.CreateLogger("Strata.Edge"));
        await wipe.GoOnAsync(cancellationToken);
        try
        {
            if (await ServeAsync(options, trust, wipe, service, ready, loggers, time, cancellationToken) is { } order)
                await wipe.RunAsync(order, cancellationToken);
        }
        catch (RestartForUpdateException) when (options.Updates is { Rauc: { } system } updating)
        {
            if (await Script.AskAsync(system.Restart, updating.ScriptLimit, time, CancellationToken.None) is { } why)
                throw new IOException($"The machine has to be started again, so that another version of it is started: {why}.");
            throw;
        }
    }

    /// <summary>Runs until it is to stop; gives the order when it is to wipe itself, with nothing open any more.</summary>
    private static async Task<WipeOrder?> ServeAsync(
        EdgeOptions options, GatewayTrust trust, AgentWipe wipe, ServiceNotifier service, TextWriter ready, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        using var identity = CreateIdentity(options, trust, time, loggers);
        identity?.Load();
        using var agent = Create(options, identity, trust, time, loggers);
        return await agent.RunAsync(wipe, service, ready, cancellationToken);
    }

    public void Dispose()
    {
        log.Dispose();
        updates?.Dispose();
        (actuator as IDisposable)?.Dispose();
    }

    private UpdateAgent CreateUpdates(UpdateOptions updating, GatewayTrust trust)
    {
        var folder = new UpdateFolder(updating.Folder);
        var slots = new SlotFile(folder, updating.Rauc is null ? Supervisor.SlotOfThis : null);
        IBootLoader loader = updating.Rauc is { } system
            ? new RaucSlots(folder, slots, RaucCommand.Find(system, time), updating.TrialStarts, folder.PathOf, RaucSlots.BootId, time, logger)
            : new OwnSlots(folder, slots, updating.TrialStarts);
        IArtifactSource source = updating.From is { } address
            ? new HttpArtifactSource(address, () => (
                (Device ?? throw new ArtifactSourceException("the device has not enrolled yet", isFinal: false)).Value,
                identity is null ? LinkProof.OfSecretFile(options.SecretFile!, trust) : new LinkProof(null, identity.Current!.Certificate, trust)))
            : new MqttArtifactSource(() => updates?.Link, time);
        return new UpdateAgent(updating, folder, slots, loader, source, time, logger);
    }

    private static DeviceIdentity? CreateIdentity(EdgeOptions options, GatewayTrust trust, TimeProvider time, ILoggerFactory loggers)
    {
        try
        {
            Directory.CreateDirectory(options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return options.Identity is { } own ? new DeviceIdentity(own, options.DataDirectory, trust, options.Gateways, options.Delivery, time, loggers.CreateLogger("Strata.Edge")) : null;
        }
        catch (Exception reason) when (reason is IOException or UnauthorizedAccessException)
        {
            throw new EdgeConfigurationException(reason.Message, reason);
        }
    }

    private static EdgeAgent Create(EdgeOptions options, DeviceIdentity? identity, GatewayTrust trust, TimeProvider time, ILoggerFactory loggers)
    {
        try
        {
            return new EdgeAgent(options, identity, trust, time, loggers);
        }
        catch (Exception reason) when (reason is FormatException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new EdgeConfigurationException(reason.Message, reason);
        }
    }

    /// <summary>A simulated room goes on living when something else is driven in its place.</summary>
    private static IActuator Both(IActuator? actuator, RoomPlant? room) =>
        actuator is null ? throw new EdgeConfigurationException("A control loop needs an actuator: give a file, or take the source room.")
        : room is null || ReferenceEquals(actuator, room) ? actuator
        : new ActuatorPair(actuator, room);
}
