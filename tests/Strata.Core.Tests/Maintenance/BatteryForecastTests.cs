using Strata.Core.Maintenance;

namespace Strata.Core.Tests.Maintenance;

public sealed class BatteryForecastTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A battery that loses evenly, as a device reports it: whole percents, noise, colder cells showing less, now and then nonsense.</summary>
    private static List<BatteryPoint> Discharge(Random random, double days, double perDay, double first = 100, double perDegree = 0.3, Func<double, double>? celsius = null, DateTimeOffset? start = null)
    {
        celsius ??= day => 12 - (14 * Math.Cos(2 * Math.PI * day / 365)) + (5 * Math.Sin(2 * Math.PI * day));
        var points = new List<BatteryPoint>();
        for (var day = 0.0; day < days; day += 0.25)
        {
            var warmth = celsius(day) + random.NextDouble() - 0.5;
            var level = first - (perDay * day) + (perDegree * (warmth - 20)) + ((random.NextDouble() - 0.5) * 2);
            if (random.Next(100) == 0)
                level = random.Next(0, 101);
            points.Add(new BatteryPoint((start ?? Start).AddDays(day), Math.Clamp(Math.Round(level), 0, 100), warmth));
        }
        return points;
    }

    private static BatteryHistory HistoryOf(IEnumerable<BatteryPoint> points)
    {
        var history = new BatteryHistory();
        foreach (var point in points)
            history.Add(point);
        return history;
    }

    [Fact]
    public void An_even_loss_is_foretold_to_the_day()
    {
        var points = Enumerable.Range(0, 40).Select(day => BatteryPoint.Of(Start.AddDays(day), 100 - (0.5 * day))).ToList();
        var forecast = BatteryForecast.Make(points, 20, Start.AddDays(40))!.Value;
        Assert.Equal(160, (forecast.Empty - Start).TotalDays, 0.01);
        Assert.Equal(0.5, forecast.PerDay, 1e-9);
        Assert.True(forecast.Earliest <= forecast.Empty && forecast.Latest >= forecast.Empty);
    }

    [Fact]
    public void A_quarter_of_nonsense_does_not_move_it_far()
    {
        var random = new Random(4);
        var points = Enumerable.Range(0, 60).Select(day => BatteryPoint.Of(Start.AddDays(day), day % 4 == 3 ? random.Next(0, 101) : 100 - (0.5 * day))).ToList();
        Assert.Equal(160, (BatteryForecast.Make(points, 20, Start.AddDays(60))!.Value.Empty - Start).TotalDays, 12.0);
    }

    [Theory]
    [InlineData(3)] // Too few.
    [InlineData(40)] // Nothing is lost.
    public void Where_nothing_can_be_said_nothing_is(int count)
    {
        var points = Enumerable.Range(0, count).Select(day => BatteryPoint.Of(Start.AddDays(day), count == 40 ? 80 : 100 - day)).ToList();
        Assert.Null(BatteryForecast.Make(points, 20, Start.AddDays(count)));
    }

    [Fact]
    public void A_replacement_begins_anew_and_one_wrong_value_does_not()
    {
        var random = new Random(1);
        var old = Discharge(random, 100, 0.7);
        var fresh = Discharge(random, 60, 0.4, start: Start.AddDays(100));
        var history = HistoryOf(old.Concat(fresh));
        Assert.InRange((history.Replaced!.Value - Start).TotalDays, 100, 103);
        var forecast = BatteryForecast.Make(history.Points, 20, Start.AddDays(160))!.Value;
        Assert.Equal(0.4, forecast.PerDay, 0.08);

        var spiked = HistoryOf(Enumerable.Range(0, 60).Select(day => BatteryPoint.Of(Start.AddDays(day), day == 50 ? 100 : 80 - day)));
        Assert.Null(spiked.Replaced);
    }

    [Fact]
    public void A_replacement_that_is_said_forgets_what_was()
    {
        var history = HistoryOf(Discharge(new Random(2), 100, 0.7));
        history.Replace(Start.AddDays(100));
        Assert.Empty(history.Points);
        Assert.Equal(Start.AddDays(100), history.Replaced);
    }

    [Fact]
    public void A_history_stays_small_and_reaches_back()
    {
        var history = HistoryOf(Discharge(new Random(3), 3 * 365, 0.07));
        Assert.InRange(history.Points.Count, BatteryHistory.MostPoints / 2, BatteryHistory.MostPoints);
        Assert.True(history.Points[^1].Time - history.Points[0].Time > TimeSpan.FromDays(900));
    }

    [Fact]
    public void The_temperature_of_a_year_is_not_taken_for_a_loss()
    {
        // From summer into winter: cells show less by the cold alone.
        var points = Discharge(new Random(5), 120, 0.1, perDegree: 0.6, celsius: day => 25 - (day / 4), start: Start).Where(p => p.Percent > 0).ToList();
        var history = HistoryOf(points);
        var forecast = BatteryForecast.Make(history.Points, 20, Start.AddDays(120))!.Value;
        // Loss and cold run side by side and cannot be told apart wholly; daily swings of the temperature tell the most.
        Assert.InRange(forecast.PerDay, 0.05, 0.26);
    }

    /// <summary>Back-test: at half and at three quarters of the life, when is it said to end?</summary>
    [Fact]
    public void Back_tested_the_error_is_what_is_stated_and_the_interval_holds()
    {
        var (errors, within, cases) = (new List<double>(), 0, 0);
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var life = 60 + random.Next(1_000); // Days to the level of service.
            var perDay = 80.0 / life;
            foreach (var part in new[] { 0.5, 0.75 })
            {
                var history = HistoryOf(Discharge(random, life * part, perDay));
                var forecast = BatteryForecast.Make(history.Points, 20, Start.AddDays(life * part));
                Assert.NotNull(forecast);
                cases++;
                errors.Add(Math.Abs((forecast.Value.Empty - Start).TotalDays - life) / life);
                within += forecast.Value.Earliest <= Start.AddDays(life) && !(forecast.Value.Latest < Start.AddDays(life)) ? 1 : 0;
            }
        }
        errors.Sort();
        output.WriteLine($"{cases} cases: median error {errors[cases / 2]:P1} of the life, 90 % below {errors[cases * 9 / 10]:P1}; {(double)within / cases:P0} within the interval of {BatteryForecast.Confidence:P0}");
        Assert.True(errors[cases / 2] < 0.01, $"median error {errors[cases / 2]:P1}");
        Assert.True(errors[cases * 9 / 10] < 0.04, $"nine in ten {errors[cases * 9 / 10]:P1}");
        Assert.InRange((double)within / cases, 0.65, 0.95);
    }

    /// <summary>The same under a temperature that somebody measured: a machine over eleven weeks, every five minutes, with its failures; over and over.</summary>
    [Fact]
    public void Back_tested_under_a_recorded_temperature_it_holds_too()
    {
        var recorded = File.ReadLines(Recording()).Skip(1).Select(l => (double.Parse(l.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture) - 32) / 1.8).ToList();
        double Celsius(double day) => recorded[(int)(day * 288) % recorded.Count];
        var errors = new List<double>();
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var life = 100 + random.Next(180);
            var history = HistoryOf(Discharge(random, life * 0.6, 80.0 / life, perDegree: 0.5, celsius: Celsius));
            errors.Add(Math.Abs((BatteryForecast.Make(history.Points, 20, Start.AddDays(life * 0.6))!.Value.Empty - Start).TotalDays - life) / life);
        }
        errors.Sort();
        output.WriteLine($"50 cases at 60 % of their life: median error {errors[25]:P1}, 90 % below {errors[45]:P1}");
        Assert.True(errors[25] < 0.02, $"median error {errors[25]:P1}");
        Assert.True(errors[45] < 0.05, $"nine in ten {errors[45]:P1}");
    }

    private static string Recording()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Strata.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Strata.slnx is not above the test's folder.");
        return Path.Combine(folder, "samples", "office", "data", "machine_temperature_system_failure.csv");
    }
}
