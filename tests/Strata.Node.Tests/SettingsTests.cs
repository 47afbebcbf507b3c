using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Strata.Node.Settings;

namespace Strata.Node.Tests;

public sealed class SettingsTests
{
    private static readonly IReadOnlyList<SettingSection> Sections = [SettingSection.Given("some", new Some(), nameof(Some.Elsewhere)), SettingSection.Configured<Others>("others")];

    [Fact]
    public void What_holds_unless_given_reads_back_as_it_is_written()
    {
        Assert.Equal(["some.count=100", "some.maxBytes=2GiB", "some.share=0.7", "some.span=90s", "some.isOn=false", "some.day=Monday", "others.count=1"], Sections.SelectMany(s => s.Settings).Select(s => $"{s.Name}={s.Default}"));
        var settings = NodeSettings.Parse(Sections.SelectMany(s => s.Settings).Select(s => $"{s.Name}={s.Default}"), Sections);
        Assert.Equivalent(new Some(), settings.On(new Some()), strict: true);
    }

    [Fact]
    public void What_is_given_is_set_where_it_belongs_and_nowhere_else()
    {
        var settings = NodeSettings.Parse(["some.count=-7", "SOME.MAXBYTES=64kib", "some.share=0.25", "some.span=1h30m", "some.ison=TRUE", "some.day=friday", "others.count=9"], Sections);
        Assert.Equivalent(new Some { Count = -7, MaxBytes = 65_536, Share = 0.25, Span = TimeSpan.FromMinutes(90), IsOn = true, Day = DayOfWeek.Friday }, settings.On(new Some()), strict: true);
        var services = new ServiceCollection();
        services.Configure<Others>(o => o.Count = 3);
        settings.Configure(services);
        using var provider = services.BuildServiceProvider();
        Assert.Equal(9, provider.GetRequiredService<IOptions<Others>>().Value.Count);
        Assert.Equal(100, NodeSettings.None.On(new Some()).Count);
    }

    [Theory]
    [InlineData("some.count", "not SECTION.NAME=VALUE")]
    [InlineData("some.count=many", "some.count is 'many'; it takes a whole number.")]
    [InlineData("some.count=2147483648", "some.count is '2147483648'")]
    [InlineData("some.count=1KiB", "some.count is '1KiB'")]
    [InlineData("some.maxBytes=9999999999TiB", "a whole number of bytes")]
    [InlineData("some.maxBytes=", "some.maxBytes is ''")]
    [InlineData("some.share=NaN", "some.share is 'NaN'; it takes a number.")]
    [InlineData("some.span=5", "a span")]
    [InlineData("some.isOn=1", "true or false")]
    [InlineData("some.day=0", "Sunday, Monday")]
    [InlineData("some.elsewhere=1", "there is no setting 'some.elsewhere'")]
    [InlineData("some.text=a", "there is no setting 'some.text'")]
    [InlineData("other.count=1", "there is no setting 'other.count' (perhaps some.count or others.count)")]
    public void What_cannot_be_used_is_named(string given, string why) =>
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => NodeSettings.Parse([given], Sections)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_given_twice_is_refused() =>
        Assert.Contains("some.count is given twice", Assert.Throws<ArgumentException>(() => NodeSettings.Parse(["some.count=1", "some.Count=2"], Sections)).Message, StringComparison.Ordinal);

    private sealed class Some
    {
        public int Count { get; set; } = 100;

        public long MaxBytes { get; init; } = 2L << 30;

        public double Share { get; set; } = 0.7;

        public TimeSpan Span { get; init; } = TimeSpan.FromSeconds(90);

        public bool IsOn { get; set; }

        public DayOfWeek Day { get; set; } = DayOfWeek.Monday;

        public int Elsewhere { get; set; }

        public string Text { get; set; } = "";

        public int Computed => Count + 1;
    }

    private sealed class Others
    {
        public int Count { get; set; } = 1;
    }
}
