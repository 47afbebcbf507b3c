using CsCheck;
using Strata.Mqtt.Delivery;

namespace Strata.Mqtt.Tests.Delivery;

public sealed class PacketIdWindowTests
{
    [Fact]
    public void An_id_in_use_is_never_given_again() => Gen.Select(Gen.Int[1, 200], Gen.Int[0, 400].Array[1, 500]).Sample((size, steps) =>
    {
        var window = new PacketIdWindow(size);
        var held = new List<ushort>();
        foreach (var step in steps)
        {
            if (!window.IsFull && step % 2 == 0)
            {
                var id = window.Take();
                Assert.InRange(id, 1, size);
                Assert.DoesNotContain(id, held);
                held.Add(id);
            }
            else if (held.Count > 0)
            {
                var id = held[step % held.Count];
                Assert.True(window.Release(id));
                Assert.False(window.Release(id));
                held.Remove(id);
            }
        }

        return window.InUse == held.Count && window.IsFull == (held.Count == size);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    [InlineData(65535)]
    public void An_id_that_was_never_given_is_not_released(ushort id) => Assert.False(new PacketIdWindow(64).Release(id));
}
