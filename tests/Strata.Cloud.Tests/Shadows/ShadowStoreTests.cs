using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Testing;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>The store of shadows as the parts of the node use it.</summary>
public sealed class ShadowStoreTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ShadowStore Store => cloud.Node.Services.GetRequiredService<ShadowStore>();

    [Fact]
    public async Task A_request_that_cannot_be_decided_on_is_refused_alone()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("store-1"), Cancelled);
        using var release = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        var first = RunAsync("""{"state":{"desired":{"a":1}}}""", () =>
        {
            begun.TrySetResult();
            Assert.True(release.Wait(Deadline.Default, Cancelled));
        });
        await Deadline.For(begun.Task, "the first request's turn");
        // They wait together, so that one turn decides on both.
        var faulty = RunAsync("""{"state":{"desired":{"a":2}}}""", () => throw new InvalidOperationException("a fault of ours"));
        var after = RunAsync("""{"state":{"desired":{"b":3}}}""", () => { });
        release.Set();
        Assert.Null((await Deadline.For(first, "the first request")).Problem);
        Assert.Equal(ProblemKind.Invalid, (await Deadline.For(faulty, "the one that cannot be decided on")).Problem?.Kind);
        Assert.Equal(2, (await Deadline.For(after, "the one after it")).Change?.After.Version);
        Assert.Equal("""{"a":1,"b":3}""", (await cloud.Client.GetShadowAsync("store-1", cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
    }

    [Fact]
    public async Task Where_no_change_is_kept_any_more_what_was_before_is_not_known()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("store-2"), Cancelled);
        for (var i = 1; i <= 3; i++)
            await cloud.Client.UpdateShadowAsync("store-2", $"{{\"state\":{{\"desired\":{{\"a\":{i}}}}}}}", cancellationToken: Cancelled);
        await cloud.Node.Services.GetRequiredService<ShadowTables>().DropAsync(TenantId.Main, long.MaxValue, Cancelled);
        foreach (var past in (Func<Task>[])
        [
            () => cloud.Client.GetShadowAsync("store-2", version: 2, cancellationToken: Cancelled),
            () => cloud.Client.GetShadowAsync("store-2", at: DateTimeOffset.UnixEpoch, cancellationToken: Cancelled),
            () => cloud.Client.DiffShadowAsync("store-2", from: "1", cancellationToken: Cancelled),
        ])
        {
            var unknown = await Assert.ThrowsAsync<StrataApiException>(past);
            Assert.Equal((HttpStatusCode.NotFound, "No change of the shadow is kept any more: only version 3 is known."), (unknown.StatusCode, unknown.Message));
        }
        Assert.Equal("""{"a":3}""", (await cloud.Client.GetShadowAsync("store-2", version: 3, cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
        Assert.Equal("""{"a":3}""", (await cloud.Client.GetShadowAsync("store-2", at: TimeProvider.System.GetUtcNow(), cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
    }

    [Fact]
    public async Task Shadows_of_devices_that_are_not_there_go_once_the_tenant_s_devices_are_known()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("store-coming"), Cancelled);
        var (tenant, upkeep) = (TenantId.Parse("store-coming"), cloud.Node.Services.GetRequiredService<ShadowUpkeep>());
        var key = new ShadowKey(tenant, DeviceId.Parse("store-3"), "");
        Assert.DoesNotContain(tenant, cloud.Node.Services.GetRequiredService<IFleet>().Tenants);
        Assert.Null((await Store.UpdateAsync(key, ShadowRequest.Parse("""{"state":{"desired":{"a":1}}}"""u8, ShadowLimits.Default).Value!, new Caller(tenant, "ada"), Cancelled)).Problem);
        await upkeep.RunOnceAsync(Cancelled);
        Assert.False((await Store.ReadAsync(key, Cancelled)).Shadow!.IsDeleted);
        await new StrataClient(cloud.Http, null, "store-coming").CreateDeviceAsync(new CreateDevice("store-4"), Cancelled);
        await upkeep.RunOnceAsync(Cancelled);
        Assert.True((await Store.ReadAsync(key, Cancelled)).Shadow!.IsDeleted);
    }

    private Task<ShadowResult> RunAsync(string request, Action before) => Store.RunAsync(
        new ShadowWork(new ShadowKey(TenantId.Main, DeviceId.Parse("store-1"), ""), ShadowVerb.Update)
        {
            Author = new ShadowAuthor("ada", IsDevice: false),
            Make = _ =>
            {
                before();
                return ShadowRequest.Parse(Encoding.UTF8.GetBytes(request), ShadowLimits.Default);
            },
        },
        Cancelled);
}
