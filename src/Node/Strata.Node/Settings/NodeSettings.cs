using Microsoft.Extensions.DependencyInjection;

namespace Strata.Node.Settings;

/// <summary>What was given of a node's settings when it was started: <c>SECTION.NAME=VALUE</c>. The ranges are the options' own to check.</summary>
public sealed class NodeSettings
{
    public static readonly NodeSettings None = new([]);

    private readonly IReadOnlyList<(SettingSection Section, Setting Setting, object Value)> given;

    private NodeSettings(IReadOnlyList<(SettingSection, Setting, object)> given) => this.given = given;

    /// <param name="sections">What there is to set.</param>
    /// <exception cref="ArgumentException">One of them cannot be used; the message says which, why and what can.</exception>
    public static NodeSettings Parse(IEnumerable<string> given, IReadOnlyList<SettingSection> sections)
    {
        var known = sections.SelectMany(s => s.Settings.Select(t => (Section: s, Setting: t))).ToDictionary(k => k.Setting.Name, StringComparer.OrdinalIgnoreCase);
        var read = new List<(SettingSection, Setting, object)>();
        foreach (var text in given)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at < 0)
                throw new ArgumentException($"'{text}' is not SECTION.NAME=VALUE, for example updates.lookInterval=1s.");
            var (name, value) = (text[..at].Trim(), text[(at + 1)..].Trim());
            if (!known.TryGetValue(name, out var found))
                throw new ArgumentException($"there is no setting '{name}'{Near(name, known.Keys)}; 'settings' lists them.");
            if (read.Exists(r => r.Item2 == found.Setting))
                throw new ArgumentException($"{found.Setting.Name} is given twice.");
            read.Add((found.Section, found.Setting, found.Setting.Read(value) ?? throw new ArgumentException($"{found.Setting.Name} is '{value}'; it takes {found.Setting.Takes}.")));
        }
        return read.Count == 0 ? None : new NodeSettings(read);
    }

    /// <summary>The first that was given of a part; null when none was.</summary>
    public string? FirstOf<T>() => given.FirstOrDefault(g => g.Section.Options == typeof(T)).Setting?.Name;

    /// <summary>Sets what was given of a part.</summary>
    /// <returns>The same options.</returns>
    public T On<T>(T options) where T : class
    {
        foreach (var (_, setting, value) in given.Where(g => g.Section.Options == typeof(T)))
            setting.Set(options, value);
        return options;
    }

    /// <summary>Sets what was given of parts whose options the container makes. Last, so that it holds.</summary>
    public void Configure(IServiceCollection services)
    {
        foreach (var (section, setting, value) in given)
            section.Configure?.Invoke(services, options => setting.Set(options, value));
    }

    private static string Near(string name, IEnumerable<string> known)
    {
        var last = name[(name.LastIndexOf('.') + 1)..];
        var near = known.Where(k => k.EndsWith($".{last}", StringComparison.OrdinalIgnoreCase) || (last.Length >= 4 && k.Contains(last, StringComparison.OrdinalIgnoreCase))).Take(3).ToList();
        return near.Count == 0 ? "" : $" (perhaps {string.Join(" or ", near)})";
    }
}
