using CsCheck;
using Strata.Storage.Patches;

namespace Strata.Edge.Tests.Updates;

public sealed class PatchTests
{
    private static readonly Gen<byte[]> Content = Gen.OneOf(Gen.Byte.Array[0, 2000], Gen.Byte[0, 3].Array[0, 4000]);

    [Fact]
    public void A_patch_makes_the_new_file_out_of_the_old() => Gen.Select(Content, Content).Sample((old, made) => Apply(old, BinaryPatch.Make(old, made, default), made.Length).AsSpan().SequenceEqual(made), iter: 300);

    /// <summary>As a build does it: pieces of the old file in another order, some with a byte changed here and there, some new.</summary>
    [Fact]
    public void A_file_made_of_pieces_of_the_old_one_is_made_again() =>
        Gen.Select(Gen.Byte.Array[500, 6000], Gen.Select(Gen.Int[0, 5999], Gen.Int[1, 900], Gen.Int[1, 60], Gen.Byte).Array[1, 30]).Sample((old, pieces) =>
        {
            var made = new List<byte>();
            foreach (var (from, length, every, value) in pieces)
            {
                var piece = old.Skip(from % old.Length).Take(length).ToArray();
                for (var i = every; i < piece.Length; i += every)
                    piece[i] = (byte)(value % 3 == 0 ? piece[i] : piece[i] + value);
                made.AddRange(piece);
            }
            return Apply(old, BinaryPatch.Make(old, made.ToArray(), default), made.Count).AsSpan().SequenceEqual(made.ToArray());
        }, iter: 2_000);

    [Fact]
    public void A_file_with_parts_moved_and_addresses_changed_makes_a_small_patch()
    {
        var random = new Random(7);
        var old = new byte[400_000];
        random.NextBytes(old);
        var made = (byte[])[.. old[250_000..], .. old[..100_000], 1, 2, 3, .. old[100_000..250_000]];
        for (var at = 0; at < made.Length; at += 400)
            made[at] += 16;
        var patch = BinaryPatch.Make(old, made, TestContext.Current.CancellationToken);
        Assert.Equal(made, Apply(old, patch, made.Length));
        Assert.True(patch.Length < 12_000, $"{patch.Length} bytes");
    }

    [Fact]
    public void A_damaged_patch_is_an_error_and_never_makes_more_than_it_may() =>
        Gen.Select(Content.Where(c => c.Length > 50), Content.Where(c => c.Length > 50), Gen.Int, Gen.Byte[1, 255]).Sample((old, made, where, with) =>
        {
            var patch = BinaryPatch.Make(old, made, default);
            patch[(int)((uint)where % patch.Length)] ^= with;
            try
            {
                Assert.True(Apply(old, patch, made.Length).Length <= made.Length);
            }
            catch (InvalidDataException)
            {
                return; // That is how it is refused.
            }
        }, iter: 500);

    [Fact]
    public void A_patch_is_for_one_file_and_for_one_size()
    {
        var patch = BinaryPatch.Make(new byte[100], new byte[200], TestContext.Current.CancellationToken);
        Assert.Contains("for a file of 100 bytes", Assert.Throws<InvalidDataException>(() => Apply(new byte[101], patch, 200)).Message, StringComparison.Ordinal);
        Assert.Contains("makes 200 bytes", Assert.Throws<InvalidDataException>(() => Apply(new byte[100], patch, 199)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Apply(new byte[100], patch[..(patch.Length / 2)], 200));
    }

    private static byte[] Apply(byte[] old, byte[] patch, int size)
    {
        using var output = new MemoryStream();
        BinaryPatch.Apply(new MemoryStream(old), new MemoryStream(patch), output, size, default);
        return output.ToArray();
    }
}
