using Strata.Mqtt.Delivery;

namespace Strata.Mqtt.Inspection;

/// <summary>The traces under way, at most <see cref="MqttOptions.MaxTraces"/>.</summary>
internal sealed class PacketTraces(MqttOptions options, TimeProvider time, MqttBroker broker)
{
    private readonly Lock gate = new();
    private PacketTrace[] traces = [];

    /// <summary>Those that look at this session; null for none.</summary>
    public PacketTrace[]? For(Session session)
    {
        var all = Volatile.Read(ref traces);
        if (all.Length == 0)
            return null;
        PacketTrace[] of = [.. all.Where(t => t.IsOf(session.Namespace.Name, session.ClientId))];
        return of.Length == 0 ? null : of;
    }

    /// <returns>Null: as many run as may.</returns>
    public PacketTrace? Begin(string clientId, string? @namespace, int payloadBytes)
    {
        var trace = new PacketTrace(clientId, @namespace, Math.Clamp(payloadBytes, 0, PacketTrace.MaxPayloadBytes), time);
        lock (gate)
        {
            if (traces.Length >= options.MaxTraces)
                return null;
            Volatile.Write(ref traces, [.. traces, trace]);
            Apply(trace);
        }

        return trace;
    }

    public void End(PacketTrace trace)
    {
        trace.End();
        lock (gate)
        {
            Volatile.Write(ref traces, [.. traces.Where(t => !ReferenceEquals(t, trace))]);
            Apply(trace);
        }
    }

    private void Apply(PacketTrace trace)
    {
        foreach (var session in broker.Namespaces.SelectMany(static n => n.ToList()))
        {
            if (trace.IsOf(session.Namespace.Name, session.ClientId))
                session.Traces = For(session);
        }
    }
}
