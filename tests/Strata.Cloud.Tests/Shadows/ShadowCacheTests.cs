using System.Globalization;
using System.Text;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>Shadows in memory.</summary>
public sealed class ShadowCacheTests
{
    [Fact]
    public void The_last_thousand_are_there_as_they_were_given_and_the_others_are_read()
    {
        var cache = new ShadowCache(64 * 1024 * 1024);
        var given = Enumerable.Range(0, 1_500).Select(Shadow).ToList();
        for (var i = 0; i < given.Count; i++)
            cache.Set(TenantId.Main, Id(i), ShadowCodec.Write(given[i]), given[i]);
        var found = Enumerable.Range(0, given.Count).Select(i => cache.Find(TenantId.Main, Id(i))!).ToList();
        Assert.Equal(given.Select(Text), found.Select(Text));
        Assert.Equal(Enumerable.Range(500, 1_000), Enumerable.Range(0, given.Count).Where(i => ReferenceEquals(given[i], found[i])));

        var next = Shadow(9_999);
        cache.Set(TenantId.Main, Id(0), ShadowCodec.Write(next), next);
        Assert.Same(next, cache.Find(TenantId.Main, Id(0)));
        cache.Remove(TenantId.Main, Id(0));
        Assert.Null(cache.Find(TenantId.Main, Id(0)));
    }

    private static string Id(int i) => i.ToString(CultureInfo.InvariantCulture);

    private static string Text(Shadow shadow) => Encoding.UTF8.GetString(ShadowCodec.Write(shadow));

    private static Shadow Shadow(int n)
    {
        var request = ShadowRequest.Parse(Encoding.UTF8.GetBytes($"{{\"state\":{{\"reported\":{{\"n\":{n}}}}}}}"), ShadowLimits.Default).Value!;
        return ShadowUpdate.Decide(Strata.Core.Shadows.Shadow.None, request, new ShadowAuthor(ShadowAuthor.Device, IsDevice: true), 1, ShadowLimits.Default).Value!.After;
    }
}
