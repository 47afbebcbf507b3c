using Strata.Mqtt.Delivery;

namespace Strata.Mqtt.Inspection;

/// <summary>The traces under way, at most <see cref="MqttOptions.MaxTraces"/>.</summary>
internal sealed class PacketTraces(MqttOptions options, TimeProvider time, MqttBroker broker)
{
    private readonly Lock gate = new();
    private PacketTrace[] traces = [];

    /// <summary>A client is there: those that look at its id see its session. Costs one read while nobody looks at anyone.</summary>
    public void Attach(Session session)
    {
        if (Volatile.Read(ref traces).Length == 0)
            return;
        lock (gate)
            session.Traces = For(session);
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

    /// <summary>Under the lock.</summary>
    private void Apply(PacketTrace trace)
    {
        foreach (var session in broker.Namespaces.SelectMany(static n => n.ToList()))
        {
            if (trace.IsOf(session.Namespace.Name, session.ClientId))
                session.Traces = For(session);
        }
    }

    private PacketTrace[]? For(Session session)
    {
        PacketTrace[] of = [.. traces.Where(t => t.IsOf(session.Namespace.Name, session.ClientId))];
        return of.Length == 0 ? null : of;
    }
}
