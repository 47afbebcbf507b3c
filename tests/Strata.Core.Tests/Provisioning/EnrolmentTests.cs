using System.Security.Cryptography;
using System.Text;
using Strata.Core.Provisioning;

namespace Strata.Core.Tests.Provisioning;

public sealed class EnrolmentTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_device_key_is_the_HMAC_of_its_registration_under_the_group_s()
    {
        // RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?".
        Assert.Equal(
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            Convert.ToHexStringLower(EnrolmentProof.KeyOf("Jefe"u8, "what do ya want for nothing?")));
        var expected = HMACSHA256.HashData("k"u8, Encoding.UTF8.GetBytes("strata-enrol-1\nmain\ng\nr\n1772366400\nPK\n\n"));
        Assert.Equal(expected, EnrolmentProof.Sign("k"u8, "main", "g", "r", 1772366400, "PK", null, ""));
    }

    [Theory]
    [InlineData(0, null, true)]
    [InlineData(-14, null, true)]
    [InlineData(-16, null, false)]
    [InlineData(16, null, false)]
    [InlineData(0, 0, false)]
    [InlineData(0, 1, false)]
    [InlineData(1, 0, true)]
    public void A_proof_holds_for_minutes_and_once(int minutes, int? last, bool good)
    {
        var time = Now.AddMinutes(minutes).ToUnixTimeSeconds();
        var signature = EnrolmentProof.Sign("k"u8, "main", "g", "r", time, null, null, "");
        Assert.Equal(good, EnrolmentProof.WhyNot(signature, signature, time, last is { } m ? Now.AddMinutes(m).ToUnixTimeSeconds() : null, Now) is null);
        Assert.NotNull(EnrolmentProof.WhyNot(EnrolmentProof.Sign("other"u8, "main", "g", "r", time, null, null, ""), signature, time, null, Now));
    }

    [Theory]
    [InlineData(ReprovisionPolicy.Keep, false, false, EnrolmentEffect.Register, null)]
    [InlineData(ReprovisionPolicy.Never, false, false, EnrolmentEffect.Register, null)]
    [InlineData(ReprovisionPolicy.Keep, true, true, EnrolmentEffect.IdentityOnly, null)]
    [InlineData(ReprovisionPolicy.Migrate, true, true, EnrolmentEffect.Place, null)]
    [InlineData(ReprovisionPolicy.Reset, true, true, EnrolmentEffect.Everything, null)]
    [InlineData(ReprovisionPolicy.Never, true, true, null, ProblemKind.Forbidden)]
    [InlineData(ReprovisionPolicy.Keep, true, false, null, ProblemKind.Conflict)]
    [InlineData(ReprovisionPolicy.Reset, true, false, null, ProblemKind.Conflict)]
    public void Enrolling_again_does_what_the_policy_says_and_takes_nobody_s_name(ReprovisionPolicy policy, bool inService, bool itself, EnrolmentEffect? effect, ProblemKind? refusal)
    {
        var decided = Reprovisioning.Decide(policy, "d", inService, itself);
        Assert.Equal(refusal, decided.Problem?.Kind);
        Assert.Equal(effect, decided.IsOk ? decided.Value : null);
    }

    [Fact]
    public void A_denial_comes_before_a_permission()
    {
        var lists = new AdmissionLists([new("sn-*")], [new("sn-13*")]);
        Assert.Null(lists.WhyNot("sn-12"));
        Assert.Contains("denied (sn-13*)", lists.WhyNot("sn-131"), StringComparison.Ordinal);
        Assert.Contains("not on the group's list of those allowed", lists.WhyNot("x"), StringComparison.Ordinal);
        Assert.Null(AdmissionLists.Everybody.WhyNot("x"));
    }

    [Theory]
    [InlineData("telemetry", "telemetry", true)]
    [InlineData("telemetry", "telemetry/senml", false)]
    [InlineData("telemetry/#", "telemetry", true)]
    [InlineData("telemetry/#", "telemetry/senml", true)]
    [InlineData("jobs/+/status", "jobs/7/status", true)]
    [InlineData("jobs/+/status", "jobs/7/8/status", false)]
    [InlineData("jobs/+/status", "jobs/#", false)]
    [InlineData("jobs/+/status", "jobs/+/status", true)]
    [InlineData("jobs/7/status", "jobs/+/status", false)]
    [InlineData("#", "#", true)]
    [InlineData("commands/#", "#", false)]
    [InlineData("commands/#", "commands/#", true)]
    public void Topic_rules_let_through_what_lies_within_them(string rule, string asked, bool allowed) => Assert.Equal(allowed, new TopicRules([], [TopicRules.Check(rule)]).MaySubscribe(asked));

    [Theory]
    [InlineData("")]
    [InlineData("a/#/b")]
    [InlineData("a+/b")]
    [InlineData("#a")]
    public void A_filter_that_is_none_is_refused(string filter) => Assert.Throws<FormatException>(() => TopicRules.Check(filter));
}
