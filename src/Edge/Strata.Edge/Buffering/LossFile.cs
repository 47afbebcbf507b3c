using System.Globalization;
using System.Text;
using Strata.Core.Dataflow;

namespace Strata.Edge.Buffering;

/// <summary>
/// What was given up between the buffer and the gateway, in a file of its own: written before the records are taken out of the log, so that a crash in
/// between neither forgets a loss nor counts it twice. Not safe for use by two threads at once.
/// </summary>
internal sealed class LossFile
{
    private const string Title = "strata-edge-losses 1";
    private readonly string path;
    private readonly string stream;

    private LossFile(string path, string stream) => (this.path, this.stream) = (path, stream);

    /// <summary>Refused for good by the gateway.</summary>
    public LossCount Rejected { get; private set; } = new(new IntervalSet(), 0, 0);

    /// <summary>Given up because the buffer was full.</summary>
    public LossCount Dropped { get; private set; } = new(new IntervalSet(), 0, 0);

    /// <summary>Reads the file of this stream; one of another stream counts for nothing.</summary>
    /// <exception cref="InvalidDataException">It is not a file of losses.</exception>
    public static LossFile Open(string folder, string stream)
    {
        var file = new LossFile(Path.Combine(folder, "losses"), stream);
        if (!File.Exists(file.path))
            return file;
        var lines = File.ReadAllLines(file.path);
        if (lines.Length < 2 || lines[0] != Title)
            throw new InvalidDataException($"{file.path} was written by another version of the agent, or damaged. Without it the agent starts; its losses then count from 0.");
        if (lines[1] != $"stream {stream}")
            return file;
        foreach (var words in lines.Skip(2).Select(l => l.Split(' ')))
            file.Take(words);
        return file;
    }

    /// <summary>Notes the loss of numbers that are not noted yet.</summary>
    public void AddRejected(long first, long last, long readings, long bytes)
    {
        if (Rejected.Numbers.Contains(first))
            return;
        Rejected = Rejected.With(first, last, readings, bytes);
        Save();
    }

    /// <inheritdoc cref="AddRejected"/>
    public void AddDropped(long first, long last, long readings, long bytes)
    {
        if (Dropped.Numbers.Contains(first))
            return;
        Dropped = Dropped.With(first, last, readings, bytes);
        Save();
    }

    private void Save()
    {
        var text = new StringBuilder($"{Title}\nstream {stream}\n");
        Append(text, "rejected", Rejected);
        Append(text, "dropped", Dropped);
        PrivateFile.Replace(path, Encoding.ASCII.GetBytes(text.ToString()), durable: true);
    }

    private static void Append(StringBuilder text, string kind, LossCount loss)
    {
        text.Append(CultureInfo.InvariantCulture, $"{kind} {loss.Readings} {loss.Bytes}\n");
        foreach (var (first, last) in loss.Numbers.Intervals)
            text.Append(CultureInfo.InvariantCulture, $"{kind}-numbers {first} {last}\n");
    }

    private void Take(string[] words)
    {
        var (a, b) = (long.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture));
        switch (words[0])
        {
            case "rejected":
                Rejected = Rejected with { Readings = a, Bytes = b };
                break;
            case "dropped":
                Dropped = Dropped with { Readings = a, Bytes = b };
                break;
            case "rejected-numbers":
                Rejected.Numbers.Add(a, b);
                break;
            case "dropped-numbers":
                Dropped.Numbers.Add(a, b);
                break;
        }
    }
}

/// <summary>Records given up for one reason.</summary>
/// <param name="Bytes">Their telemetry payloads.</param>
internal sealed record LossCount(IntervalSet Numbers, long Readings, long Bytes)
{
    private const int MaxIntervals = 1000;

    public LossCount With(long first, long last, long readings, long bytes)
    {
        Numbers.Add(first, last);
        // The oldest are settled in the log long since; the file stays small.
        while (Numbers.Intervals.Count > MaxIntervals)
            Numbers.Remove(Numbers.Intervals[0].First, Numbers.Intervals[0].Last);
        return this with { Readings = Readings + readings, Bytes = Bytes + bytes };
    }
}
