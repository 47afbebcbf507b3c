using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Edge.Sources;

/// <summary>Lines of JSON, each one telemetry payload; a line that is none is counted and said. Readings without a time get the time of their arrival.</summary>
internal sealed class StdinSource(StdinOptions options, DeviceId device, TimeProvider time, ILogger logger) : ISampleSource
{
    private readonly PayloadLimits limits = new();
    private readonly BadInputLog bad = new("standard input", "line", logger);
    private readonly ReadingBatch batch = new();
    private long line;
    private long lastArrival;

    public string Key => "stdin";

    public bool CanReplay => false;

    public long BadRows => bad.Count;

    public async IAsyncEnumerable<Sample> ReadAsync(SourcePosition from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var input = PipeReader.Create(options.Input, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var overlong = false;
        var samples = new List<Sample>();
        for (var ended = false; !ended;)
        {
            // A read of a terminal cannot be cancelled: the wait for it can.
            var read = await input.ReadAsync(cancellationToken).AsTask().WaitAsync(cancellationToken);
            var rest = read.Buffer;
            while (TryReadLine(ref rest, read.IsCompleted, out var text))
            {
                line++;
                if (!overlong)
                    Decode(text, from.Rows, samples);
                overlong = false;
                foreach (var sample in samples)
                    yield return sample;
                samples.Clear();
            }
            if (rest.Length > limits.MaxBytes)
            {
                if (!overlong)
                    bad.Report(line + 1, $"it is longer than {limits.MaxBytes} bytes");
                overlong = true;
                rest = rest.Slice(rest.End);
            }
            input.AdvanceTo(rest.Start, read.Buffer.End);
            ended = read.IsCompleted;
        }
    }

    private static bool TryReadLine(ref ReadOnlySequence<byte> rest, bool last, out ReadOnlySequence<byte> text)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            text = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }
        text = rest;
        if (!last || rest.IsEmpty)
            return false;
        rest = rest.Slice(rest.End);
        return true;
    }

    private void Decode(ReadOnlySequence<byte> text, long before, List<Sample> samples)
    {
        var bytes = text.ToArray().AsSpan().Trim(" \t\r"u8);
        if (bytes.IsEmpty)
            return;
        var now = time.GetUtcNow();
        batch.Clear();
        batch.BeginMessage();
        if (!PayloadDecoder.TryDecode(PayloadFormat.Json, device, bytes, EventTime.From(now), batch, limits, out var error))
        {
            bad.Report(line, error.ToString());
            return;
        }
        batch.EndMessage();
        Split(now, new SourcePosition(before + line, 0, 0), samples);
    }

    /// <summary>One sample for each run of rows with the same time.</summary>
    private void Split(DateTimeOffset now, SourcePosition next, List<Sample> samples)
    {
        for (var row = 0; row < batch.Count;)
        {
            var at = batch.Times[row];
            var seen = new HashSet<MetricName>();
            var values = new List<Measurement>();
            for (; row < batch.Count && batch.Times[row] == at && seen.Add(batch.Metrics[row]); row++)
                values.Add(new Measurement(batch.Metrics[row], batch[row].Value));
            samples.Add(new Sample(at == EventTime.Arrival ? Arrival(now) : at, now.ToUnixTimeMilliseconds(), next, values));
        }
    }

    /// <summary>Strictly increasing, so that no reading hides another.</summary>
    private long Arrival(DateTimeOffset now) => lastArrival = Math.Max(lastArrival + 1, EventTime.From(now));
}
