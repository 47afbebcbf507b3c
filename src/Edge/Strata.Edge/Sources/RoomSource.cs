using System.Runtime.CompilerServices;
using Strata.Core.Telemetry;
using Strata.Edge.Control;

namespace Strata.Edge.Sources;

/// <summary>The simulated room that the control loop drives, looked at from time to time.</summary>
internal sealed class RoomSource(RoomOptions options, RoomPlant room, TimeProvider time) : ISampleSource
{
    private static readonly MetricName Temperature = MetricName.Parse("temperature");
    private static readonly MetricName Heater = MetricName.Parse("heater");

    public string Key => "room";

    public bool CanReplay => false;

    public long BadRows => 0;

    public async IAsyncEnumerable<Sample> ReadAsync(SourcePosition from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ticks = new PeriodicTimer(options.Interval, time);
        for (var rows = from.Rows + 1; ; rows++)
        {
            var now = time.GetUtcNow();
            var (temperature, heater) = room.Look();
            yield return new Sample(
                EventTime.FromMilliseconds(now.ToUnixTimeMilliseconds()), now.ToUnixTimeMilliseconds(), new SourcePosition(rows, 0, 0),
                [
                    new Measurement(Temperature, ReadingValue.OfNumber(Math.Round(temperature, 3))),
                    new Measurement(Heater, ReadingValue.OfNumber(Math.Round(heater, 3))),
                ]);
            await ticks.WaitForNextTickAsync(cancellationToken);
        }
    }
}
