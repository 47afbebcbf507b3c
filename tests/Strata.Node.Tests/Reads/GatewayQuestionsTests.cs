using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Reads;

namespace Strata.Node.Tests.Reads;

public sealed class GatewayQuestionsTests
{
    private readonly GatewayDirectory gateways = new();
    private readonly Routes routes = new();
    private readonly Asker asker = new();
    private readonly GatewayQuestions questions;

    public GatewayQuestionsTests()
    {
        gateways.Set(new GatewayEntry(TenantId.Main, GatewayId.Parse("region"), default, SiteId.Parse("hq"), null, true));
        gateways.Set(new GatewayEntry(TenantId.Main, GatewayId.Parse("leaf"), default, SiteId.Parse("hq/a"), GatewayId.Parse("region"), true));
        questions = new GatewayQuestions(routes, gateways, asker);
    }

    [Fact]
    public async Task The_newest_values_of_windowed_devices_come_from_their_gateway_once_asked_for_all_of_them()
    {
        routes.To["t-1"] = routes.To["t-2"] = new GatewayRoute(GatewayId.Parse("region"), KeepsRaw: true);
        routes.To["raw"] = new GatewayRoute(GatewayId.Parse("region"), KeepsRaw: false);
        asker.Answer = (200, """{"items":[{"device":"t-1","metric":"temperature","time":"2026-03-01T12:00:00Z","value":21.5,"ageMs":40,"via":"memory"}]}""");
        var latest = await questions.LatestAsync(TenantId.Main, [DeviceId.Parse("t-1"), DeviceId.Parse("raw"), DeviceId.Parse("own"), DeviceId.Parse("t-2")], TestContext.Current.CancellationToken);
        Assert.Equal(["region /api/v1/latest?device=t-1&device=t-2"], asker.Asked);
        var item = Assert.Single(latest);
        Assert.Equal(("t-1", "region", 40.0), (item.Device, item.Via, item.AgeMs));
    }

    [Fact]
    public async Task In_a_chain_the_nearest_gateway_is_asked_and_who_had_it_is_named()
    {
        routes.To["t-1"] = new GatewayRoute(GatewayId.Parse("leaf"), KeepsRaw: true);
        asker.Answer = (200, """{"items":[{"device":"t-1","metric":"m","time":"2026-03-01T12:00:00Z","value":1,"ageMs":1,"via":"leaf"}]}""");
        var latest = await questions.LatestAsync(TenantId.Main, [DeviceId.Parse("t-1")], TestContext.Current.CancellationToken);
        Assert.StartsWith("region ", Assert.Single(asker.Asked), StringComparison.Ordinal);
        Assert.Equal("leaf", Assert.Single(latest).Via);
    }

    [Theory]
    [InlineData(400, """{"detail":"no","field":"from"}""", ProblemKind.Invalid, "from")]
    [InlineData(404, """{"detail":"no"}""", ProblemKind.NotFound, null)]
    [InlineData(503, "", ProblemKind.Unavailable, null)]
    [InlineData(200, "<html>", ProblemKind.Unavailable, null)]
    [InlineData(502, "<html>", ProblemKind.Unavailable, null)]
    public async Task A_refusal_is_passed_on(int status, string body, ProblemKind kind, string? field)
    {
        asker.Answer = (status, body);
        var answer = await questions.AskAsync(
            TenantId.Main, GatewayId.Parse("region"), "/api/v1/latest", ContractsJson.Default.PageLatestInfo, TestContext.Current.CancellationToken);
        Assert.Equal((kind, field), (answer.Problem!.Kind, answer.Problem.Field));
    }

    [Fact]
    public async Task A_gateway_that_cannot_be_reached_leaves_nothing_but_what_is_here()
    {
        routes.To["t-1"] = new GatewayRoute(GatewayId.Parse("region"), KeepsRaw: true);
        asker.Answer = null;
        Assert.Empty(await questions.LatestAsync(TenantId.Main, [DeviceId.Parse("t-1")], TestContext.Current.CancellationToken));
    }

    private sealed class Routes : IFleetRoutes
    {
        public Dictionary<string, GatewayRoute> To { get; } = [];

        public GatewayRoute? RouteTo(TenantId tenant, DeviceId device) => To.GetValueOrDefault(device.Value);

        public IReadOnlyList<SiteId>? SitesOfGroup(TenantId tenant, string group) => null;
    }

    private sealed class Asker : IGatewayAsker
    {
        public List<string> Asked { get; } = [];

        public (int Status, string Body)? Answer { get; set; }

        public ValueTask<Outcome<GatewayReply>> AskAsync(TenantId tenant, GatewayId gateway, string path, CancellationToken cancellationToken)
        {
            Asked.Add($"{gateway} {path}");
            Outcome<GatewayReply> outcome = Answer is { } answer
                ? new GatewayReply(answer.Status, Encoding.UTF8.GetBytes(answer.Body))
                : new Problem(ProblemKind.Unavailable, "not linked");
            return ValueTask.FromResult(outcome);
        }
    }
}
