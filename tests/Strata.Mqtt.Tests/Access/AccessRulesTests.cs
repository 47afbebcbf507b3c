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
        Assert.Equal(allowed, AccessRules.Parse(rules).MayPublish(new("c", "u"), Encoding.UTF8.GetBytes(topic)));

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
        Assert.Equal(allowed, AccessRules.Parse(rules).MaySubscribe(new("c", "u"), filter));

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
        Assert.False(byClient.Accepts(new(name, "u")));
        Assert.True(byClient.Accepts(new("c", name)));
        Assert.False(byUser.Accepts(new("c", name)));
        Assert.False(byUser.Accepts(new("c", null)));
        var byDevice = AccessRules.Parse("allow * all d/{device}/#");
        Assert.False(byDevice.Accepts(new("c", "u", name)));
        Assert.False(byDevice.Accepts(new("c", "u")));
        Assert.True(byDevice.Accepts(new(name, name, "d")));
        Assert.True(AccessRules.AllowAll.Accepts(new(name, null)));
    }

    [Fact]
    public void A_name_that_begins_with_a_dollar_sign_is_not_accepted_where_a_filter_begins_with_it()
    {
        Assert.False(AccessRules.Parse("allow * all {client}/#").Accepts(new("$SYS", "u")));
        Assert.False(AccessRules.Parse("allow * all {user}/#").Accepts(new("c", "$SYS")));
        Assert.False(AccessRules.Parse("allow * all {device}/#").Accepts(new("c", "u", "$SYS")));
        Assert.True(AccessRules.Parse("allow * all d/{client}/#").Accepts(new("$SYS", "u")));
    }

    [Fact]
    public void A_device_has_its_own_level_whatever_its_client_calls_itself()
    {
        var rules = AccessRules.Parse("allow * all devices/{device}/#");
        Assert.True(rules.MayPublish(new("d2", "u", "d1"), "devices/d1/telemetry"u8));
        Assert.False(rules.MayPublish(new("d2", "d2", "d1"), "devices/d2/telemetry"u8));
        Assert.True(rules.MaySubscribe(new("d2", "u", "d1"), "devices/d1/commands/#"));
        Assert.False(rules.MaySubscribe(new("d2", "u", "d1"), "devices/+/commands/#"));
        Assert.False(rules.Accepts(new("d2", "u", "+")));
        Assert.False(rules.Accepts(new("d2", "u", "d1/#")));
        Assert.False(rules.MayPublish(new("d2", "u", "{client}"), "devices/d2/telemetry"u8)); // What stands for a level is not read again.
        Assert.True(AccessRules.Parse("allow * all a/#").Accepts(new("c"))); // Who is no device needs to be none.
    }

    [Theory]
    [InlineData("{device}")]
    [InlineData("{user}")]
    public void A_name_that_a_client_does_not_have_stands_for_no_topic(string placeholder)
    {
        var rules = AccessRules.Parse($"deny * all a/{placeholder}\nallow * all a/{placeholder}/#\nallow * all b/{placeholder}");
        Assert.False(rules.MayPublish(new("c"), "b/"u8));
        Assert.False(rules.MayPublish(new("c"), "b/c"u8));
        Assert.False(rules.MaySubscribe(new("c"), "b/"));
        Assert.False(rules.MaySubscribe(new("c"), "b/+"));
    }

    [Fact]
    public void A_name_that_looks_like_a_placeholder_is_only_a_name()
    {
        var rules = AccessRules.Parse("allow * all {client}/#");
        Assert.True(rules.Accepts(new("{user}", "u")));
        Assert.False(rules.MayPublish(new("{user}", "u"), "u/x"u8));
        Assert.True(rules.MayPublish(new("{user}", "u"), "{user}/x"u8));
        Assert.False(rules.MaySubscribe(new("{user}", "u"), "u/#"));
    }

    [Theory]
    [InlineData("allow * all a\0", "no text in UTF-8")]
    [InlineData("allow * all a\uFFFD", "no text in UTF-8")]
    [InlineData("allow * all", "Line 1")]
    [InlineData("\nallow * read #", "Line 2: 'read'")]
    [InlineData("permit * all #", "'permit'")]
    [InlineData("allow * all a/#/b", "no topic filter")]
    [InlineData("allow * all a+", "no topic filter")]
    [InlineData("allow * all a/{gateway}", "'{gateway}'")]
    [InlineData("allow * all a{device}", "'a{device}'")]
    [InlineData("allow * all a{client}", "'a{client}'")]
    public void A_line_that_is_no_rule_is_named(string text, string said) =>
        Assert.Contains(said, Assert.Throws<FormatException>(() => AccessRules.Parse(text)).Message, StringComparison.Ordinal);
}
