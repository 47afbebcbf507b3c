using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.Node.Settings;

/// <summary>A part of a node whose limits and intervals can be set when it starts: the numbers, spans and switches of its options.</summary>
public sealed class SettingSection
{
    private SettingSection(string name, object options, string[] except, Action<IServiceCollection, Action<object>>? configure)
    {
        (Name, Options, Configure) = (name, options.GetType(), configure);
        Settings = [.. Options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => Setting.IsOne(p) && !except.Contains(p.Name)).Select(p => new Setting(name, p, options))];
    }

    public string Name { get; }

    public Type Options { get; }

    public IReadOnlyList<Setting> Settings { get; }

    /// <summary>Null where the options are made before the container.</summary>
    internal Action<IServiceCollection, Action<object>>? Configure { get; }

    /// <summary>A part that is given its options when it is added.</summary>
    /// <param name="defaults">What holds unless it is given.</param>
    /// <param name="except">Properties that are set in another way.</param>
    public static SettingSection Given<T>(string name, T defaults, params string[] except) where T : class => new(name, defaults, except, null);

    /// <summary>A part whose options the container makes.</summary>
    /// <param name="except">Properties that are set in another way.</param>
    public static SettingSection Configured<T>(string name, params string[] except) where T : class, new() =>
        new(name, new T(), except, static (services, set) => services.Configure<T>(set));
}
