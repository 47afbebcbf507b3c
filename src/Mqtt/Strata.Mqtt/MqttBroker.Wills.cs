using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt;

public sealed partial class MqttBroker
{
    /// <summary>Publishes a client's will; the host decides about it as about any publish, and its acknowledgement goes nowhere.</summary>
    internal async Task PublishWillAsync(MqttClient of, Session session, Will will)
    {
#pragma warning disable CA1031 // A host that fails loses this will; it is logged.
        try
        {
            LogWill(of.RemoteEndPoint);
            if (!Offer(of, session, will))
                return;
            using var limit = new CancellationTokenSource(Options.CloseTimeout, Time);
            await Host.EndBurstAsync(of, limit.Token).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            LogFault(fault);
        }
#pragma warning restore CA1031
    }

    /// <returns>Whether the host has taken it, and waits for the burst's end.</returns>
    private bool Offer(MqttClient of, Session session, Will will)
    {
        if (Topics.IsSystem(will.Topic))
            return false;
        var properties = new PropertyReader(will.Properties, AllowedProperties.Message);
        ReadOnlySpan<byte> firstUser = default, contentType = default;
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.ContentType)
                contentType = properties.Bytes;
            else if (properties.Id == PropertyId.UserProperty && firstUser.IsEmpty)
                firstUser = will.Properties.AsSpan(properties.Start);
        }

        var verdict = Host.OnPublish(of, new InboundPublish
        {
            Topic = will.Topic,
            Payload = will.Payload,
            PacketId = 0,
            QoS = will.QoS,
            Retain = will.Retain,
            Duplicate = false,
            ContentType = contentType,
            UserProperties = firstUser,
            Properties = will.Properties,
        });
        if (verdict.Action != PublishAction.Route)
            return verdict.Action == PublishAction.Defer;
        var message = Message.From(will.Topic, will.Payload, will.Properties, will.QoS, will.Retain);
        KeptMessage? kept = null;
        long retained = 0;
        if (will.Retain && Options.RetainAvailable && !session.Namespace.Retained.TrySet(message, session.Identity, out kept, out retained))
        {
            session.Namespace.Totals.Lose(LossReason.RetainedFull);
            return false;
        }

        Router.Current.Route(session.Namespace, message, new Origin(session, 0, kept, retained, session.Identity));
        Router.Current.Flush(Metrics);
        return false;
    }
}
