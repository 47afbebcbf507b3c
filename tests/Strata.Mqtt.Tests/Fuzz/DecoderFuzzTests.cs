using System.Globalization;
using CsCheck;

namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>
/// Damaged inputs, made from a corpus of named scenarios, for everything that decodes. A decoder refuses with its own exception or not at all, looks at its input only,
/// and allocates in proportion to it. STRATA_FUZZ_SECONDS runs each decoder for so long; a failure says its seed, which CsCheck_Seed repeats.
/// </summary>
public sealed class DecoderFuzzTests
{
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("STRATA_FUZZ_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    private static readonly byte[] Telling = [0x00, 0x01, 0x02, 0x0A, 0x0D, 0x20, 0x23, 0x24, 0x26, 0x2B, 0x2C, 0x2F, 0x3A, 0x7F, 0x80, 0xC0, 0xED, 0xFE, 0xFF];

    public static TheoryData<string> Names => [.. Decoders.All.Select(static d => d.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_scenario_of_the_corpus_ends_as_its_name_says(string name)
    {
        var decoder = Of(name);
        Assert.Contains(decoder.Corpus, static c => !IsBad(c.Scenario));
        Assert.Contains(decoder.Corpus, static c => IsBad(c.Scenario));
        foreach (var (scenario, input) in decoder.Corpus)
            Assert.True(IsBad(scenario) == (decoder.Check(input) is null), $"{name}/{scenario}: {decoder.Check(input) ?? "refused"}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_comes_is_taken_or_refused_within_its_bytes(string name)
    {
        var decoder = Of(name);
        var inputs = decoder.Corpus.Select(static c => c.Input).ToArray();
        Gen.Select(Gen.OneOf(inputs), Gen.OneOf(inputs), Change.Array[0, 6], Apply).Sample(
            input => { decoder.Check(input); }, iter: Seconds > 0 ? -1 : decoder.Rounds, time: Seconds > 0 ? Seconds : -1, print: input => $"{name} {Convert.ToHexString(input)}");
    }

    private static Gen<(int Kind, int Place, byte Value, int Length)> Change { get; } =
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 1 << 20], Gen.OneOf(Gen.Byte, Gen.OneOf(Telling)), Gen.Int[1, 16]);

    /// <summary>Damages an input; what is spliced in comes from another.</summary>
    private static byte[] Apply(byte[] input, byte[] other, (int Kind, int Place, byte Value, int Length)[] changes)
    {
        var bytes = input.ToList();
        foreach (var (kind, place, value, length) in changes)
        {
            var at = place % (bytes.Count + 1);
            var inside = bytes.Count == 0 ? 0 : place % bytes.Count;
            var some = Math.Min(length, bytes.Count - at);
            switch (kind)
            {
                case 0 when bytes.Count > 0:
                    bytes[inside] = value;
                    break;
                case 1 when bytes.Count > 0:
                    bytes[inside] ^= (byte)(1 << (value & 7));
                    break;
                case 2:
                    bytes.InsertRange(at, Enumerable.Repeat(value, length));
                    break;
                case 3:
                    bytes.RemoveRange(at, some);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, some));
                    break;
                case 5:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 6 when other.Length > 0:
                    bytes.InsertRange(at, other.Skip(place % other.Length).Take(4 * length));
                    break;
                case 7 when bytes.Count > 0:
                    bytes[inside] += (byte)(value - 128); // A length that is a little wrong.
                    break;
            }
        }

        return [.. bytes];
    }

    private static bool IsBad(string scenario) => scenario.StartsWith("bad-", StringComparison.Ordinal);

    private static Decoder Of(string name) => Decoders.All.Single(d => d.Name == name);
}
