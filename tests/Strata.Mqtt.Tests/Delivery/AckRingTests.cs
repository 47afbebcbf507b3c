using CsCheck;
using Strata.Mqtt.Delivery;

namespace Strata.Mqtt.Tests.Delivery;

public sealed class AckRingTests
{
    [Fact]
    [Spec("MQTT-4.6.0-2")]
    public void Whatever_the_order_of_answers_they_leave_in_the_order_of_arrival() =>
        Gen.Shuffle(Enumerable.Range(1, 70).Select(static id => (ushort)id).ToArray()).Sample(answers =>
        {
            var ring = new AckRing();
            for (ushort id = 1; id <= answers.Length; id++)
            {
                if (ring.IsFull)
                    ring.Grow();
                ring.Enter(id);
            }

            var left = new List<ushort>();
            foreach (var answer in answers)
            {
                Answer(ring, answer);
                while (ring.TryTake(out var id, out _, out _, out _))
                    left.Add(id);
            }

            return left.SequenceEqual(answers.Order()) && ring.Count == 0;
        });

    [Fact]
    public void Reasons_stay_with_their_packet_when_the_ring_grows()
    {
        var ring = new AckRing();
        for (ushort id = 1; id <= 40; id++)
        {
            if (ring.IsFull)
                ring.Grow();
            var ticket = ring.Enter(id);
            if (id % 3 == 0)
                ring.Complete(ticket, MqttReasonCode.PayloadFormatInvalid, $"reason {id}");
        }

        for (ushort id = 1; id <= 40; id++)
            Answer(ring, id);
        for (ushort expected = 1; expected <= 40; expected++)
        {
            Assert.True(ring.TryTake(out var id, out _, out var code, out var reason));
            Assert.Equal(expected, id);
            Assert.Equal(expected % 3 == 0 ? $"reason {id}" : null, reason);
            Assert.Equal(expected % 3 == 0 ? MqttReasonCode.PayloadFormatInvalid : MqttReasonCode.Success, code);
        }
    }

    [Fact]
    public void Unknown_ids_and_the_same_id_twice_change_nothing()
    {
        var ring = new AckRing();
        ring.Enter(5);
        Answer(ring, 9);
        Answer(ring, 0);
        Assert.False(ring.TryTake(out _, out _, out _, out _));
        Answer(ring, 5);
        Answer(ring, 5);
        Assert.True(ring.TryTake(out _, out _, out _, out _));
        Assert.Equal(0, ring.Count);
    }

    private static void Answer(AckRing ring, ushort packetId)
    {
        if (ring.Find(packetId, null) is { } ticket)
            ring.Complete(ticket, MqttReasonCode.Success, null);
    }
}
