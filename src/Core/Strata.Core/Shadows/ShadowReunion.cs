namespace Strata.Core.Shadows;

/// <summary>
/// What becomes of two sides of a shadow that changed apart: a gateway's, which served its site while the cloud was away, and the cloud's. Of <c>reported</c>, the later word of the device counts,
/// field by field. Of <c>desired</c>, a field that one side changed is that side's; a field that both changed differently is the cloud's, and what the gateway had is kept in the history.
/// </summary>
public static class ShadowReunion
{
    /// <summary>The part of a patch of reported that is not older than what is there.</summary>
    /// <param name="at">When it was said, ms since 1970 UTC.</param>
    public static ShadowObject Later(ShadowObject current, ShadowObject patch, long at) => Filter(patch, "", path => ShadowMath.At(current, path) switch
    {
        ShadowLeaf leaf => leaf.Time <= at,
        ShadowObject inner => ShadowMath.Leaves(inner).All(l => l.Leaf.Time <= at),
        _ => true,
    });

    /// <summary>Splits a patch of desired in what applies, and what is set aside because the cloud changed it too.</summary>
    /// <param name="changed">Paths that the cloud changed since both agreed.</param>
    public static (ShadowObject Applies, ShadowObject SetAside) Split(ShadowObject current, ShadowObject patch, IReadOnlyCollection<string> changed)
    {
        bool IsClouds(string path) => changed.Any(c => c == path || c.StartsWith(path + "/", StringComparison.Ordinal) || path.StartsWith(c + "/", StringComparison.Ordinal)) && !IsSo(current, path, patch);
        return (Filter(patch, "", path => !IsClouds(path)), Filter(patch, "", IsClouds));
    }

    /// <summary>The part of a patch whose leaves' paths are wanted.</summary>
    public static ShadowObject Filter(ShadowObject patch, string prefix, Func<string, bool> wanted)
    {
        var kept = new List<ShadowField>();
        foreach (var field in patch.Fields)
        {
            var path = $"{prefix}/{ShadowMath.Escape(field.Name)}";
            if (field.Node is ShadowLeaf)
            {
                if (wanted(path))
                    kept.Add(field);
            }
            else if (Filter((ShadowObject)field.Node, path, wanted) is { IsEmpty: false } inner)
                kept.Add(new ShadowField(field.Name, inner));
        }
        return ShadowObject.Of(kept);
    }

    private static bool IsSo(ShadowObject current, string path, ShadowObject patch)
    {
        var (there, asked) = (ShadowMath.At(current, path), ShadowMath.At(patch, path));
        return asked is ShadowLeaf { IsNull: true } ? there is null : ShadowNode.SameValue(there, asked);
    }
}
