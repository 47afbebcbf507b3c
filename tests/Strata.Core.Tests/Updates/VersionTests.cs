using CsCheck;
using Strata.Core.Updates.Manifests;

namespace Strata.Core.Tests.Updates;

public sealed class VersionTests
{
    [Theory]
    [InlineData("1.0.0", "2.0.0")]
    [InlineData("2.1.0", "2.1.1")]
    [InlineData("1.9.0", "1.10.0")]
    [InlineData("1.0.0-alpha", "1.0.0-alpha.1")]
    [InlineData("1.0.0-alpha.1", "1.0.0-alpha.beta")]
    [InlineData("1.0.0-beta.2", "1.0.0-beta.11")]
    [InlineData("1.0.0-rc.1", "1.0.0")]
    [InlineData("v1.4", "1.4.1")]
    [InlineData("r9", "r10")]
    [InlineData("2025-12-01:b", "2026-01-01:a")]
    [InlineData("zz9", "0.0.1")]
    [InlineData("99999999999999999999.0", "100000000000000000000.0")]
    public void The_newer_one_is_newer(string older, string newer)
    {
        Assert.True(UpdateVersion.Compare(older, newer) < 0, $"{older} < {newer}");
        Assert.True(UpdateVersion.Compare(newer, older) > 0, $"{newer} > {older}");
    }

    [Theory]
    [InlineData("2", "2.0.0")]
    [InlineData("v2.0", "2.0")]
    [InlineData("1.0.0+build5", "1.0.0")]
    [InlineData("r07", "r7")]
    public void Some_texts_are_the_same_version(string left, string right) => Assert.True(UpdateVersion.Same(left, right));

    [Fact]
    public void Any_texts_have_one_order()
    {
        var text = Gen.OneOf(Gen.String[Gen.Char["0123ab.-+v_"], 1, 8], Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Generators.AnyOf("", "-a", "-1", "-a.b"), (a, b, c) => $"{a}.{b}{c}"));
        Gen.Select(text, text, text).Sample((a, b, c) =>
        {
            var (ab, bc, ac) = (UpdateVersion.Compare(a, b), UpdateVersion.Compare(b, c), UpdateVersion.Compare(a, c));
            Assert.Equal(Math.Sign(ab), -Math.Sign(UpdateVersion.Compare(b, a)));
            if (ab <= 0 && bc <= 0)
                Assert.True(ac <= 0, $"{a} <= {b} <= {c}, but not {a} <= {c}");
        }, iter: 20_000);
    }
}
