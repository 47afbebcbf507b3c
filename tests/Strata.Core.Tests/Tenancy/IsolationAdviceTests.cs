using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Tenancy;

/// <summary>Each row of the guidance (R6), and that the strictest wins.</summary>
public sealed class IsolationAdviceTests
{
    [Theory]
    [InlineData(1, IsolationLevel.Logical)]
    [InlineData(99, IsolationLevel.Logical)]
    [InlineData(100, IsolationLevel.Encrypted)]
    [InlineData(5000, IsolationLevel.Encrypted)]
    public void The_number_of_tenants_decides_when_nothing_else_does(int tenants, IsolationLevel level) =>
        Assert.Equal(level, IsolationAdvice.For(new IsolationAnswers(tenants)).Level);

    [Fact]
    public void Development_is_logical() => Assert.Equal(IsolationLevel.Logical, IsolationAdvice.For(new IsolationAnswers(Development: true)).Level);

    [Fact]
    public void A_small_business_is_encrypted() => Assert.Equal(IsolationLevel.Encrypted, IsolationAdvice.For(new IsolationAnswers(Size: BusinessSize.Small)).Level);

    [Fact]
    public void Personal_data_is_encrypted() => Assert.Equal(IsolationLevel.Encrypted, IsolationAdvice.For(new IsolationAnswers(PersonalData: true)).Level);

    [Fact]
    public void Health_data_is_encrypted() => Assert.Equal(IsolationLevel.Encrypted, IsolationAdvice.For(new IsolationAnswers(HealthData: true)).Level);

    [Fact]
    public void An_enterprise_is_dedicated() => Assert.Equal(IsolationLevel.Dedicated, IsolationAdvice.For(new IsolationAnswers(Size: BusinessSize.Enterprise)).Level);

    [Fact]
    public void Soc_2_is_physical() => Assert.Equal(IsolationLevel.Physical, IsolationAdvice.For(new IsolationAnswers(Soc2: true)).Level);

    [Fact]
    public void Hipaa_is_physical() => Assert.Equal(IsolationLevel.Physical, IsolationAdvice.For(new IsolationAnswers(Hipaa: true)).Level);

    [Fact]
    public void A_government_is_physical() => Assert.Equal(IsolationLevel.Physical, IsolationAdvice.For(new IsolationAnswers(Government: true)).Level);

    [Fact]
    public void The_strictest_wins_and_says_why_and_the_others_are_named()
    {
        var advice = IsolationAdvice.For(new IsolationAnswers(250, PersonalData: true, Hipaa: true, Size: BusinessSize.Enterprise, Development: true));

        Assert.Equal(IsolationLevel.Physical, advice.Level);
        Assert.Contains("HIPAA", advice.Reason, StringComparison.Ordinal);
        Assert.Equal(4, advice.Others.Count);
        Assert.StartsWith("dedicated: ", advice.Others[0], StringComparison.Ordinal);
        Assert.Contains(advice.Others, o => o.Contains("250 tenants", StringComparison.Ordinal));
        Assert.StartsWith("logical: ", advice.Others[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_level_is_read_by_its_name()
    {
        foreach (var level in Enum.GetValues<IsolationLevel>())
            Assert.True(IsolationLevels.TryParse(level.Name(), out var read) && read == level);
        Assert.False(IsolationLevels.TryParse("Logical", out _));
    }
}
