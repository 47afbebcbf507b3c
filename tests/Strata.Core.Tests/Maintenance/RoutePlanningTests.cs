using CsCheck;
using Strata.Core.Architecture;
using Strata.Core.Maintenance;

namespace Strata.Core.Tests.Maintenance;

public sealed class RoutePlanningTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static RouteStop Stop(string order, string site, string skill = "battery", int due = 1, int minutes = 10, string? assignee = null) =>
        new(order, SiteId.Parse(site), skill, Now.AddDays(due), minutes, assignee);

    [Fact]
    public void A_tour_walks_the_places_depth_first_and_each_way_twice()
    {
        var (routes, left) = RoutePlanning.Plan([Stop("1", "b/x"), Stop("2", "a/y"), Stop("3", "b/w"), Stop("4", "a")], [new Technician("anna", [])], 480, 5);
        Assert.Equal(["4", "2", "3", "1"], routes[0].Stops.Select(s => s.Order));
        Assert.Equal((40, 2 * 5 * 5), (routes[0].WorkMinutes, routes[0].WayMinutes)); // a, a/y, b, b/w, b/x
        Assert.Empty(left);
    }

    [Fact]
    public void No_other_order_of_the_stops_is_shorter() => Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 2]).Select(t => $"{t.Item1}/{t.Item2}/{t.Item3}").List[1, 6].Sample(sites =>
    {
        var places = sites.Distinct().Select(SiteId.Parse).ToList();
        var shortest = Permutations(places).Min(p => Length([.. p]));
        Assert.Equal(shortest, RoutePlanning.Steps(places));
        var (routes, _) = RoutePlanning.Plan(places.Select((p, i) => new RouteStop($"{i}", p, "s", Now, 1, null)), [new Technician("anna", [])], 100_000, 1);
        Assert.Equal(shortest, Length([.. routes[0].Stops.Select(s => s.Site!.Value)]));
        Assert.Equal(shortest, routes[0].WayMinutes);
    });

    [Fact]
    public void Who_can_and_is_nearest_goes_what_is_somebodys_stays_his_and_a_day_has_an_end()
    {
        var (routes, left) = RoutePlanning.Plan(
            [
                Stop("1", "a/x", assignee: "ben"), Stop("2", "a/y"), Stop("3", "b/x", "diagnosis"), Stop("4", "c", "welding"), Stop("5", "a/x", minutes: 400), Stop("6", "a/z", minutes: 300, due: 2),
            ],
            [new Technician("anna", ["diagnosis"]), new Technician("ben", ["battery"])], 480, 5);
        Assert.Equal(["3"], routes[0].Stops.Select(s => s.Order));
        Assert.Equal(["1", "2", "5"], routes[1].Stops.Select(s => s.Order).Order());
        Assert.Equal(["4", "6"], left.Select(s => s.Order).Order());
        Assert.All(routes, r => Assert.True(r.WorkMinutes + r.WayMinutes <= 480));
    }

    private static int Length(SiteId[] tour)
    {
        string[] At(string path) => path.Length == 0 ? [] : path.Split('/');
        var all = new[] { "" }.Concat(tour.Select(t => t.Value)).Append("").Select(At).ToList();
        return Enumerable.Range(1, all.Count - 1).Sum(i =>
        {
            var common = all[i].Zip(all[i - 1]).TakeWhile(p => p.First == p.Second).Count();
            return all[i].Length + all[i - 1].Length - (2 * common);
        });
    }

    private static IEnumerable<IEnumerable<SiteId>> Permutations(List<SiteId> items) => items.Count <= 1
        ? [items]
        : items.SelectMany((item, i) => Permutations([.. items.Where((_, j) => j != i)]).Select(rest => rest.Prepend(item)));
}
