using System.Collections.Immutable;
using Strata.Core.Architecture;
using Strata.Core.Devices;

namespace Strata.Core.Provisioning;

/// <summary>What one template has to say of a device.</summary>
/// <param name="WhyNot">The first condition that does not hold, in words; null when all hold.</param>
public sealed record TemplateOpinion(DeviceTemplate Template, string? WhyNot)
{
    public bool Matches => WhyNot is null;
}

/// <summary>What all templates together have to say of a device.</summary>
/// <param name="Opinions">In the order in which they are tried.</param>
/// <param name="Chosen">The template that decides; null when none matches, or two with the same order.</param>
/// <param name="Problem">Why none is chosen; null when one is.</param>
public sealed record TemplateVerdict(IReadOnlyList<TemplateOpinion> Opinions, DeviceTemplate? Chosen, Problem? Problem);

/// <summary>Finds the template of a device, and what comes out of it. Pure.</summary>
public static class TemplateMatcher
{
    /// <summary>Tries templates by order and name. One matches first; of several with the lowest order that matches, none is chosen.</summary>
    public static TemplateVerdict Match(IEnumerable<DeviceTemplate> templates, ArrivingDevice device)
    {
        var opinions = templates.OrderBy(t => t.Order).ThenBy(t => t.Name, StringComparer.Ordinal).Select(t => new TemplateOpinion(t, WhyNot(t.Match, device))).ToList();
        var first = opinions.Find(o => o.Matches);
        if (first is null)
        {
            return new TemplateVerdict(opinions, null, new Problem(ProblemKind.Forbidden, opinions.Count == 0
                ? "There is no template; 'strata templates apply FILE' makes some."
                : $"No template matches {Describe(device)}; 'strata templates test' says why not."));
        }
        var rivals = opinions.Where(o => o.Matches && o.Template.Order == first.Template.Order).Select(o => o.Template.Name).ToList();
        return rivals.Count == 1
            ? new TemplateVerdict(opinions, first.Template, null)
            : new TemplateVerdict(opinions, null, new Problem(
                ProblemKind.Conflict, $"The templates {string.Join(" and ", rivals)} both match {Describe(device)} with order {first.Template.Order}: give one a lower order, or make their conditions exclude each other."));
    }

    /// <summary>What the device is registered with by a template.</summary>
    public static Outcome<AssignedDevice> Assign(DeviceTemplate template, ArrivingDevice device)
    {
        var assign = template.Assign;
        string? problem = null;
        string? Fill(string field, string? pattern)
        {
            if (pattern is null || NamePattern.TryFill(pattern, device, out var text, out var missing))
                return pattern is null ? null : Filled(pattern, device);
            problem ??= $"{field} '{pattern}' needs {{{missing}}}, which is not known of the device";
            return null;
        }
        var (name, site, model, power) = (Fill("name", assign.Name), Fill("site", assign.Site), Fill("model", assign.Model) ?? device.Sku, Fill("powerProfile", assign.PowerProfile));
        var tags = assign.Tags.ToImmutableSortedDictionary(t => t.Key, t => Fill($"tag {t.Key}", t.Value) ?? "", StringComparer.Ordinal);
        if (problem is null && !DeviceId.TryParse(name, out _))
            problem = $"the name comes out as '{Short(name)}', which is no device id: a letter or digit, then letters, digits and . _ : -";
        if (problem is null && site is not null && !SiteId.TryParse(site, out _))
            problem = $"the site comes out as '{Short(site)}', which is no place (hq/floor-1)";
        if (problem is not null)
            return new Problem(ProblemKind.Invalid, $"Template {template.Name}: {problem}.", "template");
        return new AssignedDevice(DeviceId.Parse(name!), site, model, assign.Heartbeat, template.Name)
        {
            Deadband = assign.Deadband, Gateways = assign.Gateways, Groups = assign.Groups, Tags = tags, PowerProfile = power, Serial = device.Serial, Topics = assign.Topics,
        };
    }

    /// <summary>The device as messages name it.</summary>
    public static string Describe(ArrivingDevice device) => string.Join(
        ", ", new[] { ("SKU", device.Sku), ("serial number", device.Serial), ("registration", device.Serial is null ? device.Registration : null) }.Where(p => p.Item2 is not null).Select(p => $"{p.Item1} {Short(p.Item2)}"))
        is { Length: > 0 } text ? text : "a device of which neither SKU nor serial number is known";

    private static string? WhyNot(TemplateMatch match, ArrivingDevice device)
    {
        if (match.Sku.Length > 0 && !(device.Sku is { } sku && match.Sku.Any(p => p.Matches(sku))))
            return $"its SKU is {Known(device.Sku)}, and {string.Join(" or ", match.Sku)} is asked for";
        if (match.Serial is { } range && !(device.Serial is { } serial && range.Contains(serial)))
            return $"its serial number is {Known(device.Serial)}, and {range} is asked for";
        if (match.Issuer is { } issuer && !issuer.Equals(device.Issuer, StringComparison.OrdinalIgnoreCase) && issuer != device.IssuerName)
            return device.Issuer is null ? $"it shows no certificate, and one of {issuer} is asked for" : $"its certificate is of {device.IssuerName ?? device.Issuer}, and one of {issuer} is asked for";
        foreach (var (field, pattern) in match.Subject)
        {
            if (!device.Subject.TryGetValue(field, out var value) || !pattern.Matches(value))
                return $"{field} of its subject is {Known(device.Subject.GetValueOrDefault(field))}, and {pattern} is asked for";
        }
        if (match.Gateway is { } gateway && gateway != device.Gateway)
            return $"it came {(device.Gateway is null ? "by itself" : $"through gateway {device.Gateway}")}, and {gateway} is asked for";
        if (match.Enrolment is { } enrolment && enrolment != device.Enrolment)
            return $"it came {(device.Enrolment is null ? "without an enrolment group" : $"by the enrolment group {device.Enrolment}")}, and {enrolment} is asked for";
        return null;
    }

    private static string Filled(string pattern, ArrivingDevice device) => NamePattern.TryFill(pattern, device, out var text, out _) ? text : "";

    private static string Known(string? value) => value is null ? "not known" : $"'{Short(value)}'";

    private static string? Short(string? text) => text is { Length: > 64 } ? text[..64] + "..." : text;
}
