using System.Collections.Immutable;
using CsCheck;
using Strata.Core.Provisioning;

namespace Strata.Core.Tests.Provisioning;

public sealed class TemplateMatcherTests
{
    private static readonly ArrivingDevice Sensor = new()
    {
        Method = ArrivalMethod.Certificate, Sku = "PK-L1", Serial = "SN0042", Issuer = "0a0b", IssuerName = "maker", Gateway = "gw-1",
        Subject = ArrivingDevice.NoSubject.Add("CN", "SN0042").Add("O", "Maker Ltd"),
    };

    [Fact]
    public void The_lowest_order_that_matches_decides_and_the_others_say_why_not()
    {
        var verdict = TemplateMatcher.Match(
            [
                Template("rest", 100, new TemplateMatch()),
                Template("nb-iot", 10, new TemplateMatch { Sku = [new("PK-N*")] }),
                Template("lora", 20, new TemplateMatch { Sku = [new("PK-X"), new("PK-L?")], Serial = SerialRange.Parse("SN0001", "SN0099"), Issuer = "maker", Gateway = "gw-1" }),
            ], Sensor);
        Assert.Null(verdict.Problem);
        Assert.Equal("lora", verdict.Chosen?.Name);
        Assert.Equal(["nb-iot", "lora", "rest"], verdict.Opinions.Select(o => o.Template.Name));
        Assert.Equal("its SKU is 'PK-L1', and PK-N* is asked for", verdict.Opinions[0].WhyNot);
        Assert.All(verdict.Opinions.Skip(1), o => Assert.Null(o.WhyNot));
    }

    [Fact]
    public void Two_that_match_with_the_same_order_are_an_ambiguity_and_neither_is_chosen()
    {
        var verdict = TemplateMatcher.Match([Template("b", 5, new TemplateMatch()), Template("a", 5, new TemplateMatch { Sku = [new("PK*")] }), Template("c", 6, new TemplateMatch())], Sensor);
        Assert.Null(verdict.Chosen);
        Assert.Equal(ProblemKind.Conflict, verdict.Problem!.Kind);
        Assert.Contains("a and b both match", verdict.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal("a", TemplateMatcher.Match([Template("b", 5, new TemplateMatch()), Template("a", 4, new TemplateMatch())], Sensor).Chosen?.Name);
    }

    [Theory]
    [InlineData("issuer", "its certificate is of maker, and one of own is asked for")]
    [InlineData("serial", "its serial number is 'SN0042', and SN0050 to SN0099 is asked for")]
    [InlineData("subject", "OU of its subject is not known, and Line* is asked for")]
    [InlineData("gateway", "it came through gateway gw-1, and gw-2 is asked for")]
    [InlineData("enrolment", "it came without an enrolment group, and garage is asked for")]
    public void Each_condition_says_why_it_does_not_hold(string condition, string why)
    {
        var match = condition switch
        {
            "issuer" => new TemplateMatch { Issuer = ArrivingDevice.OwnIssuer },
            "serial" => new TemplateMatch { Serial = SerialRange.Parse("SN0050", "SN0099") },
            "subject" => new TemplateMatch { Subject = ImmutableSortedDictionary.Create<string, TextPattern>(StringComparer.OrdinalIgnoreCase).Add("OU", new TextPattern("Line*")) },
            "gateway" => new TemplateMatch { Gateway = "gw-2" },
            _ => new TemplateMatch { Enrolment = "garage" },
        };
        Assert.Equal(why, TemplateMatcher.Match([Template("t", 1, match)], Sensor).Opinions[0].WhyNot);
    }

    [Fact]
    public void What_comes_out_is_filled_in_and_checked()
    {
        var template = Template("t", 1, new TemplateMatch()) with
        {
            Assign = new TemplateAssignment { Name = "{sku}-{serial}", Site = "hq/{gateway}", Tags = ImmutableSortedDictionary<string, string>.Empty.Add("maker", "{subject.o}") },
        };
        var assigned = TemplateMatcher.Assign(template, Sensor).Value!;
        Assert.Equal("PK-L1-SN0042", assigned.Id.Value);
        Assert.Equal("hq/gw-1", assigned.Site);
        Assert.Equal("PK-L1", assigned.Model);
        Assert.Equal("Maker Ltd", assigned.Tags["maker"]);

        Assert.Contains("needs {serial}, which is not known", TemplateMatcher.Assign(template, Sensor with { Serial = null }).Problem!.Detail, StringComparison.Ordinal);
        Assert.Contains("which is no device id", TemplateMatcher.Assign(template, Sensor with { Serial = "../x" }).Problem!.Detail, StringComparison.Ordinal);
        Assert.Contains("which is no place", TemplateMatcher.Assign(template, Sensor with { Gateway = "a//b" }).Problem!.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{sku", false)]
    [InlineData("sku}", false)]
    [InlineData("{model}", false)]
    [InlineData("{subject.}", false)]
    [InlineData("a-{subject.serialNumber}-{registration}", true)]
    public void A_pattern_is_checked_when_it_is_written(string pattern, bool good)
    {
        var wrong = Record.Exception(() => NamePattern.Check(pattern));
        Assert.Equal(good, wrong is null);
        Assert.True(good || wrong is FormatException);
    }

    [Theory]
    [InlineData("SN0100", "SN0999", "SN100", true)]
    [InlineData("SN0100", "SN0999", "SN0099", false)]
    [InlineData("SN0100", "SN0999", "XN0500", false)]
    [InlineData("SN0100", "SN0999", "SN1000", false)]
    [InlineData("00A0", "00FF", "00B1", true)]
    [InlineData("00A0", "00FF", "0B1", false)]
    public void A_serial_number_lies_in_a_range(string from, string to, string serial, bool inside) => Assert.Equal(inside, SerialRange.Parse(from, to).Contains(serial));

    [Theory]
    [InlineData("SN2", "SN1")]
    [InlineData("A1", "BBB")]
    [InlineData("", "1")]
    public void A_range_that_is_none_is_refused(string from, string to) => Assert.Throws<FormatException>(() => SerialRange.Parse(from, to));

    [Fact]
    public void A_pattern_matches_as_a_naive_one_does() => Gen.Select(Gen.String[Gen.Char["ab*?"], 0, 8], Gen.String[Gen.Char["ab"], 0, 10])
        .Sample((pattern, text) => new TextPattern(pattern).Matches(text) == Naive(pattern, text));

    private static bool Naive(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text) => pattern.IsEmpty
        ? text.IsEmpty
        : pattern[0] == '*'
            ? Naive(pattern[1..], text) || (!text.IsEmpty && Naive(pattern, text[1..]))
            : !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && Naive(pattern[1..], text[1..]);

    private static DeviceTemplate Template(string name, int order, TemplateMatch match) => new(name, order, match, new TemplateAssignment { Name = "{serial}" });
}
