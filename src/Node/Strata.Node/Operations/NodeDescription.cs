using System.Reflection;

namespace Strata.Node.Operations;

/// <summary>Which process this is.</summary>
/// <param name="Tier"><c>fog</c> or <c>cloud</c>.</param>
/// <param name="Name">The gateway's id, or <c>cloud</c>.</param>
/// <param name="DataFolder">Where its state is.</param>
/// <param name="Started">When the process began to serve.</param>
public sealed record NodeDescription(string Tier, string Name, string DataFolder, DateTimeOffset Started)
{
    /// <summary>The product's version without the source revision.</summary>
    public static string Version { get; } =
        (typeof(NodeDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];
}
