namespace Strata.Cli.Demo;

/// <summary>Says what the demo does, on standard error, so that standard output holds the report alone.</summary>
internal sealed class DemoNarrator(TextWriter output, TimeProvider time)
{
    private readonly long started = time.GetTimestamp();

    public void Say(string line) => output.WriteLine($"[{time.GetElapsedTime(started).TotalSeconds,6:0.0} s] {line}");
}
