namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>Decodes what a peer, a file or a disk gave.</summary>
/// <returns>What was understood, as text; null: it was refused.</returns>
/// <exception cref="Exception">The decoder's own exception: it was refused.</exception>
internal delegate string? Decode(ReadOnlySpan<byte> input);

/// <summary>A decoder under test.</summary>
/// <param name="Name">The folder of its corpus.</param>
/// <param name="Refusal">The one exception it may throw; null when it refuses by its return value.</param>
/// <param name="Rounds">Damaged inputs that are tried each time; files cost more than memory.</param>
/// <param name="Overhead">Bytes it may allocate whatever the input.</param>
internal sealed record Decoder(string Name, Type? Refusal, Decode Decode, int Rounds = 10_000, long Overhead = 32 * 1024)
{
    /// <summary>Bytes it may allocate for each byte of input, the text of the result included.</summary>
    private const int PerByte = 200;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Fuzz", "Corpus");

    /// <summary>The inputs kept for it, by scenario; those whose name begins with <c>bad-</c> it must refuse, all others take.</summary>
    public IReadOnlyList<(string Scenario, byte[] Input)> Corpus { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Folder, Name), "*.bin").Order(StringComparer.Ordinal).Select(static f => (Path.GetFileNameWithoutExtension(f), File.ReadAllBytes(f)))];

    /// <summary>Decodes it, and fails unless what must hold of any input holds.</summary>
    /// <returns>What was understood; null: it was refused.</returns>
    public string? Check(byte[] input)
    {
        var result = Run(input);
        foreach (var around in (byte[])[0x00, 0x80, 0xFF])
        {
            // What lies beside the input in memory means nothing.
            var padded = new byte[input.Length + 64];
            padded.AsSpan().Fill(around);
            input.CopyTo(padded, 32);
            Assert.Equal(result, Run(padded.AsSpan(32, input.Length)));
        }

        return result;
    }

    private string? Run(ReadOnlySpan<byte> input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        string? result;
        try
        {
            result = Decode(input);
        }
        catch (Exception e) when (e.GetType() == Refusal)
        {
            result = null;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= Overhead + ((long)PerByte * input.Length), $"{allocated} bytes were allocated for {input.Length}.");
        return result;
    }

    public override string ToString() => Name;
}
