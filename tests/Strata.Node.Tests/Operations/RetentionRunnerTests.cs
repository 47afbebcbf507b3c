using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Metering;
using Strata.Core.Tenancy;
using Strata.Node.Metering;
using Strata.Node.Operations;
using Strata.Telemetry;

namespace Strata.Node.Tests.Operations;

/// <summary>What the runner asks the store to let go of.</summary>
public sealed class RetentionRunnerTests
{
    private static readonly TenantId Brief = TenantId.Parse("brief");
    private static readonly TenantId Long = TenantId.Parse("long");

    [Fact]
    public void Quotas_shorten_the_policy_for_their_tenant_and_follow_their_changes()
    {
        var meter = new Meter();
        using var runner = new RetentionRunner(null!, new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(700), null), meter, TimeProvider.System, NullLogger<RetentionRunner>.Instance);
        meter.SetQuotas(TenantId.Main, Quotas.Unlimited);
        meter.SetQuotas(Brief, Quotas.Unlimited with { RetentionDays = 7 });
        meter.SetQuotas(Long, Quotas.Unlimited with { RetentionDays = Quotas.MostDays });
        Assert.Equal([(Brief, TimeSpan.FromDays(7))], runner.PolicyNow.Shorter);
        meter.SetQuotas(Brief, Quotas.Unlimited);
        Assert.Empty(runner.PolicyNow.Shorter);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(3_653, true)]
    [InlineData(3_654, false)]
    public void Days_have_a_bound(long days, bool isTaken) => Assert.Equal(isTaken, Quotas.Check("retentionDays", days) is null);
}
