using Strata.Core.Architecture;

namespace Strata.Core.Maintenance;

/// <summary>An order as a stop of a day's tour.</summary>
/// <param name="Site">Null for nowhere: it is done last and costs no way.</param>
/// <param name="Minutes">Work there.</param>
/// <param name="Assignee">Whose it is already; null for anybody's.</param>
public sealed record RouteStop(string Order, SiteId? Site, string Skill, DateTimeOffset Due, int Minutes, string? Assignee);

/// <param name="Skills">None for all.</param>
public sealed record Technician(string Name, IReadOnlyCollection<string> Skills)
{
    public bool Can(string skill) => Skills.Count == 0 || Skills.Contains(skill, StringComparer.Ordinal);
}

/// <summary>A technician's day.</summary>
/// <param name="Stops">In the order of the tour.</param>
/// <param name="WorkMinutes">At the stops.</param>
/// <param name="WayMinutes">Between them, there and back.</param>
public sealed record DayRoute(Technician Technician, IReadOnlyList<RouteStop> Stops, int WorkMinutes, int WayMinutes);

/// <summary>
/// Divides a day's orders among technicians. Places are a tree (site > building > floor > zone) and nobody says where on a map they are, so the way between two is that along the tree. On a
/// tree the shortest tour walks it depth first, each edge there and back: it need not be searched for. What is left is who goes where: the most urgent order first, to whose tour it
/// lengthens the least, as long as the day holds it.
/// </summary>
public static class RoutePlanning
{
    /// <summary>Plans.</summary>
    /// <param name="dayMinutes">Of one technician.</param>
    /// <param name="minutesAStep">From a place to one that it holds.</param>
    /// <returns>One route for each technician, and what no day holds or nobody can do.</returns>
    public static (IReadOnlyList<DayRoute> Routes, IReadOnlyList<RouteStop> Left) Plan(IEnumerable<RouteStop> stops, IReadOnlyList<Technician> technicians, int dayMinutes, int minutesAStep)
    {
        var tours = technicians.Select(t => new Tour(t)).ToList();
        var left = new List<RouteStop>();
        // What is somebody's already comes first: it is not taken away from him.
        foreach (var stop in stops.OrderBy(s => s.Assignee is null).ThenBy(s => s.Due).ThenBy(s => s.Order, StringComparer.Ordinal))
        {
            var fit = tours.Where(t => stop.Assignee is { } whose ? t.Technician.Name == whose : t.Technician.Can(stop.Skill))
                .Select(t => (Tour: t, More: t.Longer(stop.Site) * 2 * minutesAStep))
                .Where(t => t.Tour.Minutes(minutesAStep) + t.More + stop.Minutes <= dayMinutes)
                .OrderBy(t => t.More).ThenBy(t => t.Tour.Minutes(minutesAStep)).ThenBy(t => t.Tour.Technician.Name, StringComparer.Ordinal).FirstOrDefault();
            if (fit.Tour is null)
                left.Add(stop);
            else
                fit.Tour.Add(stop);
        }
        return ([.. tours.Select(t => t.ToRoute(minutesAStep))], left);
    }

    /// <summary>Steps of the shortest tour from the root of the tree through places and back: each edge twice.</summary>
    public static int Steps(IEnumerable<SiteId> places) => 2 * places.SelectMany(p => Prefixes(p.Value)).Distinct(StringComparer.Ordinal).Count();

    private static IEnumerable<string> Prefixes(string path)
    {
        for (var at = path.IndexOf('/', StringComparison.Ordinal); at >= 0; at = path.IndexOf('/', at + 1))
            yield return path[..at];
        yield return path;
    }

    private sealed class Tour(Technician technician)
    {
        private readonly List<RouteStop> stops = [];
        private readonly HashSet<string> edges = new(StringComparer.Ordinal);
        private int work;

        public Technician Technician => technician;

        public int Minutes(int minutesAStep) => work + (2 * edges.Count * minutesAStep);

        /// <summary>Edges that a stop adds.</summary>
        public int Longer(SiteId? site) => site is { } place ? Prefixes(place.Value).Count(p => !edges.Contains(p)) : 0;

        public void Add(RouteStop stop)
        {
            stops.Add(stop);
            work += stop.Minutes;
            if (stop.Site is { } place)
                edges.UnionWith(Prefixes(place.Value));
        }

        /// <summary>Depth first: in the order of the paths, segment by segment.</summary>
        public DayRoute ToRoute(int minutesAStep) => new(
            technician,
            [.. stops.OrderBy(s => s.Site is null).ThenBy(s => s.Site?.Value.Replace('/', '\u0001'), StringComparer.Ordinal).ThenBy(s => s.Due)],
            work, 2 * edges.Count * minutesAStep);
    }
}
