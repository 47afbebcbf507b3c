using CsCheck;
using Strata.Core.Configuration;
using Strata.Core.Shadows;
using Strata.Core.Tests.Shadows;

namespace Strata.Core.Tests.Configuration;

public sealed class ConfigurationTrialTests
{
    private const long Given = 1_000;

    [Theory]
    [InlineData("""{"interval":60,"led":true}""", "{}", TrialOutcome.Waits)]
    [InlineData("""{"interval":60,"led":true}""", """{"interval":300}""", TrialOutcome.Waits)]
    [InlineData("""{"interval":60,"led":true}""", """{"interval":60.0,"led":false}""", TrialOutcome.Taken)]
    [InlineData("""{"interval":300,"led":true}""", """{"interval":60}""", TrialOutcome.Waits)] // It is not told to it yet.
    [InlineData("""{"interval":60,"led":true}""", """{"rejected":{"values":{"interval":60}}}""", TrialOutcome.Refused)]
    [InlineData("""{"interval":60,"led":true}""", """{"rejected":{"values":{"interval":30}}}""", TrialOutcome.Waits)] // Another configuration's.
    [InlineData("""{"interval":60,"led":true}""", """{"rejected":{"values":{"led":true}}}""", TrialOutcome.Waits)] // Not of this change.
    [InlineData("""{"interval":60,"led":true}""", """{"interval":60,"rejected":{"values":{"interval":60}}}""", TrialOutcome.Taken)]
    [InlineData("""{"interval":60,"led":true}""", """{"rejected":"no"}""", TrialOutcome.Waits)]
    [InlineData("""{"interval":60,"led":true}""", """{"rejected":{"values":{"interval":{"a":1}}}}""", TrialOutcome.Waits)]
    public void A_device_has_taken_what_it_reports_and_refused_what_it_rejects(string desired, string reported, TrialOutcome expected) =>
        Assert.Equal(expected, Judge("""{"interval":300,"led":true}""", """{"interval":60,"led":true}""", desired, reported, Given).Outcome);

    [Fact]
    public void A_refusal_says_why_and_counts_only_after_the_device_was_given_it()
    {
        const string No = """{"rejected":{"values":{"radio":{"interval":60}},"why":"too \"often\""}}""";
        Assert.Equal("too \"often\"", Radio(No, Given).Why);
        Assert.Equal("does not take /radio/interval", Radio(No.Replace("\"why\"", "\"because\"", StringComparison.Ordinal), Given).Why);
        Assert.Equal(TrialOutcome.Waits, Radio(No, Given - 1).Outcome);

        static ConfigurationTrial Radio(string reported, long at) => Judge("""{"radio":{"interval":300}}""", """{"radio":{"interval":60}}""", """{"radio":{"interval":60}}""", reported, at);
    }

    [Theory]
    [InlineData("""{"interval":60}""", """{"interval":60}""", "{}", TrialOutcome.Taken)] // A stronger layer covers the change: nothing differs.
    [InlineData("""{"interval":60,"led":true}""", """{"interval":60}""", """{"interval":60,"led":true}""", TrialOutcome.Waits)]
    [InlineData("""{"interval":60,"led":true}""", """{"interval":60}""", """{"interval":60}""", TrialOutcome.Taken)] // What is taken away nobody can report.
    public void Nothing_is_asked_of_a_device_that_has_nothing_to_report(string before, string wanted, string desired, TrialOutcome expected) => Assert.Equal(expected, Judge(before, wanted, desired, "{}", Given).Outcome);

    [Fact]
    public void Who_reports_all_that_is_wanted_has_taken_any_change_and_who_was_told_nothing_none() =>
        Gen.Select(ShadowGenerators.Object(3, nulls: false), ShadowGenerators.Object(3, nulls: false)).Sample((before, wanted) =>
        {
            var (old, next) = (ShadowGenerators.Patch(before), ShadowGenerators.Patch(wanted));
            Assert.Equal(TrialOutcome.Taken, ConfigurationTrial.Judge(old, next, Shadow(next, next), Given).Outcome);
            if (ShadowNode.SameValue(old, next))
                return;
            Assert.Equal(TrialOutcome.Waits, ConfigurationTrial.Judge(old, next, Shadow(old, next), Given).Outcome);
            Assert.Equal(ShadowMath.Missing(next, old).IsEmpty ? TrialOutcome.Taken : TrialOutcome.Waits, ConfigurationTrial.Judge(old, next, Shadow(next, old), Given).Outcome);
        });

    private static ConfigurationTrial Judge(string before, string wanted, string desired, string reported, long reportedAt) => ConfigurationTrial.Judge(
        ShadowGenerators.Patch(before), ShadowGenerators.Patch(wanted), Shadow(ShadowGenerators.Patch(desired), ShadowMath.Merge(ShadowObject.Empty, ShadowGenerators.Patch(reported), reportedAt, "device")), Given);

    private static Shadow Shadow(ShadowObject desired, ShadowObject reported) => new(2, Given, new ShadowPart(1, desired), new ShadowPart(1, reported), ShadowPart.None);
}
