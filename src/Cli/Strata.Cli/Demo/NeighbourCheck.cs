using System.Net;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>What the demo shows of isolation: each tenant's viewer asks for everything that its neighbours have, and there is no such thing.</summary>
internal static class NeighbourCheck
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    /// <returns>How many questions were asked and how many of them were answered with something of a neighbour's.</returns>
    public static async Task<(int Asked, int Leaked)> RunAsync(HttpClient http, IReadOnlyList<DemoOffice> offices, CancellationToken cancellationToken)
    {
        var (asked, leaked) = (0, 0);
        foreach (var office in offices)
        {
            var token = await office.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "neighbour check", TokenLifetime), cancellationToken);
            var viewer = new StrataClient(http, token.Token);
            var own = (await viewer.ListDevicesAsync(limit: 1000, cancellationToken: cancellationToken)).Items.Select(d => d.Id).ToHashSet(StringComparer.Ordinal);
            leaked += own.Count(id => !office.Agents.ContainsKey(id));
            foreach (var foreign in offices.SelectMany(o => o.Agents.Keys).Where(id => !office.Agents.ContainsKey(id)).Distinct(StringComparer.Ordinal))
            {
                asked += 2;
                leaked += await IsSeenAsync(() => viewer.GetDeviceAsync(foreign, cancellationToken)) ? 1 : 0;
                leaked += (await viewer.ListLatestAsync(foreign, null, cancellationToken)).Items.Count;
            }
            await office.Client.RevokeTokenAsync(token.Id, cancellationToken);
        }
        return (asked, leaked);
    }

    private static async Task<bool> IsSeenAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            await ask();
            return true;
        }
        catch (StrataApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return false;
        }
    }
}
