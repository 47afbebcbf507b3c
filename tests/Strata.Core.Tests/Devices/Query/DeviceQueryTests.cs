using System.Collections.Immutable;
using Strata.Core.Devices;
using Strata.Core.Devices.Query;
using Strata.Core.Telemetry;

namespace Strata.Core.Tests.Devices.Query;

public sealed class DeviceQueryTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static readonly Device[] Fleet =
    [
        new("t-1") { Site = "hq/floor-1/east", Model = "P100", State = DeviceState.Active, Tags = Tags(("owner", "facility")), Metrics = { ["temperature"] = ReadingValue.OfNumber(21), ["health.battery"] = ReadingValue.OfNumber(80) }, LastSeen = Now.AddMinutes(-2), IsOnline = true, Groups = ["spare"] },
        new("t-2") { Site = "hq/floor-10", Model = "P100-X", State = DeviceState.Degraded, Serial = "SN 7", Metrics = { ["temperature"] = ReadingValue.OfNumber(31), ["health.battery"] = ReadingValue.OfNumber(12), ["door"] = ReadingValue.OfText("open") }, LastSeen = Now.AddHours(-3) },
        new("aa:bb") { State = DeviceState.Maintenance, StateSince = Now.AddDays(-9), Gateway = "gw-1", Metrics = { ["on"] = ReadingValue.OfBoolean(true) }, Tags = Tags(("row", "7"), ("a b", "c d")) },
        new("gone") { State = DeviceState.Decommissioned, Created = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero) },
    ];

    [Theory]
    [InlineData("", "t-1 t-2 aa:bb gone")]
    [InlineData("state:active", "t-1")]
    [InlineData("state:(active, Degraded)", "t-1 t-2")]
    [InlineData("state!=(active,degraded)", "aa:bb gone")]
    [InlineData("site:hq", "t-1 t-2")]
    [InlineData("site:hq/floor-1", "t-1")]
    [InlineData("site=hq/floor-10", "t-2")]
    [InlineData("not site:*", "aa:bb gone")]
    [InlineData("model:p100", "t-1")]
    [InlineData("model=p100", "")]
    [InlineData("sku:P100*", "t-1 t-2")]
    [InlineData("model~100-x", "t-2")]
    [InlineData("tag.owner=facility", "t-1")]
    [InlineData("tag.owner=*", "t-1")]
    [InlineData("-tag.owner:* state:degraded", "t-2")]
    [InlineData("tag.\"a b\":\"c d\"", "aa:bb")]
    [InlineData("metric.temperature>25", "t-2")]
    [InlineData("metric.temperature<=21 or metric.on=true", "t-1 aa:bb")]
    [InlineData("health.battery<20", "t-2")]
    [InlineData("metric.door=OPEN", "t-2")]
    [InlineData("metric.temperature=*", "t-1 t-2")]
    [InlineData("online:true", "t-1")]
    [InlineData("seen>10m", "t-2 aa:bb gone")]
    [InlineData("seen<1d", "t-1 t-2")]
    [InlineData("since>=1w state:maintenance", "aa:bb")]
    [InlineData("created<2026-01-01", "gone")]
    [InlineData("group:spare", "t-1")]
    [InlineData("gateway:gw-*", "aa:bb")]
    [InlineData("\"aa:bb\"", "aa:bb")]
    [InlineData("floor", "t-1 t-2")]
    [InlineData("\"sn 7\"", "t-2")]
    [InlineData("facility", "t-1")]
    [InlineData("id:t-1 or id:t-2 state:active", "t-1")]
    [InlineData("(id:t-1 or id:t-2) and not state:active", "t-2")]
    [InlineData("not (id:t-1 or id:t-2)", "aa:bb gone")]
    [InlineData("not not id:gone", "gone")]
    [InlineData("-site:* OR batch:x", "aa:bb gone")]
    public void What_is_asked_for_is_found(string query, string expected)
    {
        var parsed = DeviceQuery.Parse(query);
        Assert.True(parsed.IsOk, parsed.Problem?.Detail);
        Assert.Equal(expected, string.Join(' ', Fleet.Where(d => parsed.Value.Matches(d, Now)).Select(d => d.Id)));
    }

    [Theory]
    [InlineData("state:asleep", 7, "is not a state")]
    [InlineData("temperature>25", 1, "metric.temperature")]
    [InlineData("metric.temperature>warm", 20, "needs a number")]
    [InlineData("(state:active", 1, "not closed")]
    [InlineData("state:active)", 13, "no beginning")]
    [InlineData("state:active or", 16, "missing")]
    [InlineData("or state:active", 1, "missing")]
    [InlineData("seen>soon", 6, "not a time span")]
    [InlineData("seen:10m", 5, "does not go with")]
    [InlineData("created<yesterday", 9, "not a time")]
    [InlineData("online:maybe", 8, "neither true nor false")]
    [InlineData("id:\"t-1", 4, "no end")]
    [InlineData("id:", 4, "missing")]
    [InlineData("state:(active", 14, "not closed")]
    [InlineData("tag.:x", 1, "no field")]
    public void What_cannot_be_read_is_said_with_where(string query, int character, string text)
    {
        var problem = DeviceQuery.Parse(query).Problem;
        Assert.NotNull(problem);
        Assert.StartsWith($"character {character}: ", problem.Detail, StringComparison.Ordinal);
        Assert.Contains(text, problem.Detail, StringComparison.Ordinal);
        Assert.Equal("query", problem.Field);
    }

    [Fact]
    public void Terms_nesting_and_length_have_limits()
    {
        Assert.Contains("terms", DeviceQuery.Parse(string.Join(' ', Enumerable.Repeat("a", DeviceQuery.MaxTerms + 1))).Problem!.Detail, StringComparison.Ordinal);
        Assert.Contains("within one another", DeviceQuery.Parse(new string('(', DeviceQuery.MaxDepth + 1)).Problem!.Detail, StringComparison.Ordinal);
        Assert.Contains("characters", DeviceQuery.Parse(new string('a', DeviceQuery.MaxLength + 1)).Problem!.Detail, StringComparison.Ordinal);
        Assert.True(DeviceQuery.Parse(string.Join(' ', Enumerable.Repeat("a", DeviceQuery.MaxTerms))).IsOk);
    }

    [Fact]
    public void A_random_question_means_what_its_parts_mean()
    {
        var random = new Random(11);
        (string Text, Func<Device, bool> Means)[] atoms =
        [
            ("state:active", d => d.State is DeviceState.Active), ("site:hq", d => d.Site is not null), ("health.battery<50", d => d.Metrics.TryGetValue("health.battery", out var b) && b.Number < 50),
            ("tag.row=7", d => d.Tags.GetValueOrDefault("row") == "7"), ("t-", d => d.Id.StartsWith("t-", StringComparison.Ordinal)), ("seen>1h", d => d.LastSeen is null || Now - d.LastSeen > TimeSpan.FromHours(1)),
        ];
        (string Text, Func<Device, bool> Means) Draw(int depth)
        {
            if (depth == 0 || random.Next(4) == 0)
                return atoms[random.Next(atoms.Length)];
            var (a, b) = (Draw(depth - 1), Draw(depth - 1));
            return random.Next(5) switch
            {
                0 => ($"not {Paren(a.Text)}", d => !a.Means(d)),
                1 => ($"-({a.Text})", d => !a.Means(d)),
                2 => ($"{Paren(a.Text)} or {Paren(b.Text)}", d => a.Means(d) || b.Means(d)),
                3 => ($"{Paren(a.Text)} AND {Paren(b.Text)}", d => a.Means(d) && b.Means(d)),
                _ => ($"{Paren(a.Text)} {Paren(b.Text)}", d => a.Means(d) && b.Means(d)),
            };
        }
        for (var i = 0; i < 2_000; i++)
        {
            var (text, means) = Draw(4);
            if (DeviceQuery.Parse(text) is not { IsOk: true, Value: var query })
                continue; // Beyond a limit.
            foreach (var device in Fleet)
                Assert.True(means(device) == query.Matches(device, Now), $"{text} of {device.Id}");
        }
    }

    [Fact]
    public void No_text_makes_the_reader_fail_otherwise_than_by_a_problem()
    {
        var random = new Random(12);
        string[] parts = ["state", ":", "=", "!=", "(", ")", "\"", "or", "and", "not", "-", "*", ",", "<", "seen", "10m", "metric.", "tag.", " ", "\\", "x", "é", "\0"];
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => parts[random.Next(parts.Length)]));
            if (DeviceQuery.Parse(text) is { IsOk: true, Value: var query })
            {
                read++;
                _ = query.Matches(Fleet[0], Now);
            }
        }
        Assert.True(read > 500, $"Only {read} texts were queries.");
    }

    private static string Paren(string text) => $"({text})";

    private static ImmutableSortedDictionary<string, string> Tags(params (string Name, string Value)[] tags) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, tags.Select(t => KeyValuePair.Create(t.Name, t.Value)));

    private sealed record Device(string Id) : IQueryTarget
    {
        public string? Site { get; init; }
        public string? Model { get; init; }
        public DeviceState State { get; init; }
        public DateTimeOffset StateSince { get; init; } = Now;
        public string Cause => "";
        public string? Serial { get; init; }
        public string? Batch => null;
        public string? PowerProfile => null;
        public string? Gateway { get; init; }
        public DateTimeOffset? LastSeen { get; init; }
        public bool IsOnline { get; init; }
        public DateTimeOffset Created { get; init; } = Now;
        public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
        public string[] Groups { get; init; } = [];
        public Dictionary<string, ReadingValue> Metrics { get; } = [];

        public bool IsIn(string group) => Groups.Contains(group);

        public ReadingValue? Newest(MetricName metric) => Metrics.TryGetValue(metric.Value, out var value) ? value : null;
    }
}
