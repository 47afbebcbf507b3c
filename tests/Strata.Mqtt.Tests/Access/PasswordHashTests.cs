using Strata.Mqtt.Access;

namespace Strata.Mqtt.Tests.Access;

public sealed class PasswordHashTests
{
    /// <summary>RFC 7677, section 3: user "user", password "pencil". The stored key was computed from it with PostgreSQL's form.</summary>
    private const string Pencil = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    [Fact]
    public void The_verifier_of_the_RFCs_example_takes_its_password_and_no_other()
    {
        var hash = PasswordHash.Parse(Pencil);
        Assert.True(hash.Verify("pencil"u8));
        Assert.False(hash.Verify("pencil "u8));
        Assert.False(hash.Verify(""u8));
        Assert.Equal(Pencil, hash.ToString());
    }

    [Fact]
    public void A_hash_comes_back_from_its_text_and_no_two_are_alike()
    {
        var (a, b) = (PasswordHash.Of("x"u8), PasswordHash.Of("x"u8));
        Assert.NotEqual(a.ToString(), b.ToString());
        Assert.True(PasswordHash.Parse(a.ToString()).Verify("x"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pencil")]
    [InlineData("SCRAM-SHA-256$1:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")]
    [InlineData("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AA==:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")]
    [InlineData("SCRAM-SHA-256$4096:?$?:?")]
    public void What_is_no_hash_is_refused(string text) => Assert.Throws<FormatException>(() => PasswordHash.Parse(text));
}
