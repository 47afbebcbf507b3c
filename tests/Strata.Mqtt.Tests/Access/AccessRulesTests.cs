using System.Text;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Tests.Access;

public sealed class AccessRulesTests
{
    [Theory]
    [InlineData("allow * publish a/{client}/#", "a/c/x", true)]
    [InlineData("allow * publish a/{client}/#", "a/c", true)]
    [InlineData("allow * publish a/{client}/#", "a/d/x", false)]
    [InlineData("allow * publish a/{user}", "a/u", true)]
    [InlineData("allow u publish a/+", "a/b", true)]
    [InlineData("allow u publish a/+", "a/b/c", false)]
    [InlineData("allow v publish #", "a", false)]
    [InlineData("allow * subscribe #", "a", false)]
    [InlineData("deny * publish a/#\nallow * all #", "a/b", false)]
    [InlineData("allow * publish a/b\ndeny * publish a/#\nallow * all #", "a/b", true)]
    [InlineData("allow * all #", "$SYS/x", false)]
    [InlineData("allow * all $SYS/#", "$SYS/x", true)]
    [InlineData("", "a", false)]
    [InlineData("# only a comment", "a", false)]
    public void The_first_rule_that_applies_decides_about_a_publish_and_nothing_is_allowed_without_one(string rules, string topic, bool allowed) =>
        Assert.Equal(allowed, AccessRules.Parse(rules).MayPublish("c", "u", Encoding.UTF8.GetBytes(topic)));

    [Theory]
    [InlineData("allow * subscribe a/#", "a/#", true)]
    [InlineData("allow * subscribe a/#", "a/+/b", true)]
    [InlineData("allow * subscribe a/#", "a", true)]
    [InlineData("allow * subscribe a/#", "#", false)]
    [InlineData("allow * subscribe a/#", "+/b", false)]
    [InlineData("allow * subscribe a/+", "a/b", true)]
    [InlineData("allow * subscribe a/+", "a/+", true)]
    [InlineData("allow * subscribe a/+", "a/#", false)]
    [InlineData("allow * subscribe a/{client}/#", "a/c/#", true)]
    [InlineData("allow * subscribe a/{client}/#", "a/+/#", false)]
    [InlineData("deny * subscribe secret/#\nallow * all #", "#", false)]
    [InlineData("deny * subscribe secret/#\nallow * all #", "+/x", false)]
    [InlineData("deny * subscribe secret/#\nallow * all #", "open/#", true)]
    [InlineData("deny * subscribe a/+/c\nallow * all #", "a/b/+", false)]
    [InlineData("deny * subscribe a/+/c\nallow * all #", "a/b", true)]
    [InlineData("allow * all #", "$SYS/#", false)]
    [InlineData("deny * all $SYS/#\nallow * all #", "#", true)]
    [InlineData("allow * publish #", "a", false)]
    public void A_filter_must_be_covered_by_what_is_allowed_and_share_nothing_with_what_is_denied(string rules, string filter, bool allowed) =>
        Assert.Equal(allowed, AccessRules.Parse(rules).MaySubscribe("c", "u", filter));

    [Theory]
    [InlineData("+")]
    [InlineData("#")]
    [InlineData("a/b")]
    [InlineData("a\0")]
    [InlineData("")]
    public void A_name_that_could_stand_for_other_topics_is_not_accepted_where_rules_use_it(string name)
    {
        var byClient = AccessRules.Parse("allow * all d/{client}/#");
        var byUser = AccessRules.Parse("allow * all d/{user}/#");
        Assert.False(byClient.Accepts(name, "u"));
        Assert.True(byClient.Accepts("c", name));
        Assert.False(byUser.Accepts("c", name));
        Assert.False(byUser.Accepts("c", null));
        Assert.True(AccessRules.AllowAll.Accepts(name, null));
    }

    [Fact]
    public void A_name_that_begins_with_a_dollar_sign_is_not_accepted_where_a_filter_begins_with_it()
    {
        Assert.False(AccessRules.Parse("allow * all {client}/#").Accepts("$SYS", "u"));
        Assert.False(AccessRules.Parse("allow * all {user}/#").Accepts("c", "$SYS"));
        Assert.True(AccessRules.Parse("allow * all d/{client}/#").Accepts("$SYS", "u"));
    }

    [Fact]
    public void A_name_that_looks_like_a_placeholder_is_only_a_name()
    {
        var rules = AccessRules.Parse("allow * all {client}/#");
        Assert.True(rules.Accepts("{user}", "u"));
        Assert.False(rules.MayPublish("{user}", "u", "u/x"u8));
        Assert.True(rules.MayPublish("{user}", "u", "{user}/x"u8));
        Assert.False(rules.MaySubscribe("{user}", "u", "u/#"));
    }

    [Theory]
    [InlineData("allow * all a\0", "no text in UTF-8")]
    [InlineData("allow * all a\uFFFD", "no text in UTF-8")]
    [InlineData("allow * all", "Line 1")]
    [InlineData("\nallow * read #", "Line 2: 'read'")]
    [InlineData("permit * all #", "'permit'")]
    [InlineData("allow * all a/#/b", "no topic filter")]
    [InlineData("allow * all a+", "no topic filter")]
    [InlineData("allow * all a/{device}", "'{device}'")]
    [InlineData("allow * all a{client}", "'a{client}'")]
    public void A_line_that_is_no_rule_is_named(string text, string said) =>
        Assert.Contains(said, Assert.Throws<FormatException>(() => AccessRules.Parse(text)).Message, StringComparison.Ordinal);
}
