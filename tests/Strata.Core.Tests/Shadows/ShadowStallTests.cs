using Strata.Core.Shadows;

namespace Strata.Core.Tests.Shadows;

public sealed class ShadowStallTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_shadow_that_has_converged_needs_no_reason() =>
        Assert.Empty(ShadowStall.Explain(Facts("""{"a":1}""", 0, """{"a":1}""", 10)));

    [Theory]
    [InlineData("""{"a":2}""", 60, "reportedAnother")]
    [InlineData("""{"a":2}""", -60, "notYetReported")]
    [InlineData("""{"b":2}""", 60, "neverReported")]
    public void What_the_device_reported_and_when_says_why(string reported, int secondsAfter, string cause) =>
        Assert.Equal([("/a", cause)], ShadowStall.Explain(Facts("""{"a":1}""", 0, reported, secondsAfter)).Select(r => (r.Path, r.Cause)));

    [Fact]
    public void Offline_never_fetched_refused_and_unknown_to_the_firmware_are_said()
    {
        var facts = Facts("""{"a":1}""", 0, """{"b":2}""", 60) with
        {
            IsOnline = false, LastSeen = Now.AddHours(-3), FetchedVersion = null, Rejected = "The request has no 'state'.", RejectedAt = Now.AddMinutes(-1),
            Model = "t1", Firmware = "1.0", Peers = 57, KnownPaths = new HashSet<string> { "/b" },
        };
        var reasons = ShadowStall.Explain(facts);
        Assert.Equal(["offline", "neverFetched", "rejected", "unknownKey"], reasons.Select(r => r.Cause));
        Assert.Equal("The device is not connected; it was last heard 2026-11-27 06:00:00Z (3 hours ago).", reasons[0].Text);
        Assert.Contains("none of 57 other devices of model 't1' with firmware '1.0' reports it", reasons[3].Text, StringComparison.Ordinal);
        Assert.Contains("fetchedOlder", ShadowStall.Explain(facts with { FetchedVersion = 1, Fetched = Now.AddDays(-1) }).Select(r => r.Cause));
    }

    [Fact]
    public void A_device_that_refuses_says_why()
    {
        const string No = """{"a":2,"rejected":{"values":{"a":1},"why":"too low"}}""";
        Assert.Equal([("", "The device refuses it: too low")], ShadowStall.Explain(Facts("""{"a":1}""", 0, No, 60)).Where(r => r.Cause == "refused").Select(r => (r.Path, r.Text)));
        Assert.DoesNotContain("refused", ShadowStall.Explain(Facts("""{"a":5}""", 0, No, 60)).Select(r => r.Cause));
    }

    private static ShadowFacts Facts(string desired, int desiredAt, string reported, int reportedAt)
    {
        var from = Now.AddHours(-1).ToUnixTimeMilliseconds();
        var shadow = new Shadow(
            2, from, new ShadowPart(1, ShadowMath.Merge(ShadowObject.Empty, ShadowGenerators.Patch(desired), from + (desiredAt * 1000), "alice")),
            new ShadowPart(1, ShadowMath.Merge(ShadowObject.Empty, ShadowGenerators.Patch(reported), from + (reportedAt * 1000), "device")), ShadowPart.None);
        return new ShadowFacts { Shadow = shadow, Now = Now, IsOnline = true, WatchedSince = Now.AddDays(-1), FetchedVersion = 2, Fetched = Now, LastSeen = Now };
    }
}
