using System.Text;

namespace Strata.Core.Shadows;

/// <summary>Merging and comparing of states. A patch is an object whose nulls delete.</summary>
public static class ShadowMath
{
    /// <summary>
    /// The target with the patch's fields: objects are merged field by field, null deletes, everything else replaces as a whole. An object of the patch that brings no value
    /// leaves a leaf as it is; an object that loses its last field is gone.
    /// </summary>
    /// <param name="time">Noted at each leaf that the patch brings, with <paramref name="actor"/>.</param>
    public static ShadowObject Merge(ShadowObject target, ShadowObject patch, long time, string actor)
    {
        var mine = target.Fields;
        var theirs = patch.Fields;
        if (theirs.IsEmpty)
            return target;
        var merged = new List<ShadowField>(mine.Length + theirs.Length);
        var (i, j) = (0, 0);
        while (i < mine.Length || j < theirs.Length)
        {
            var order = j >= theirs.Length ? -1 : i >= mine.Length ? 1 : string.CompareOrdinal(mine[i].Name, theirs[j].Name);
            if (order < 0)
            {
                merged.Add(mine[i++]);
                continue;
            }
            var before = order == 0 ? mine[i++].Node : null;
            var field = theirs[j++];
            if (Merged(before, field.Node, time, actor) is { } node)
                merged.Add(new ShadowField(field.Name, node));
        }
        return ShadowObject.Of(merged);
    }

    private static ShadowNode? Merged(ShadowNode? before, ShadowNode patch, long time, string actor)
    {
        if (patch is ShadowLeaf leaf)
            return leaf.IsNull ? null : leaf.By(time, actor);
        var merged = Merge(before as ShadowObject ?? ShadowObject.Empty, (ShadowObject)patch, time, actor);
        return !merged.IsEmpty ? merged : before as ShadowLeaf;
    }

    /// <summary>The smallest patch that makes <paramref name="to"/> of <paramref name="from"/>, by value.</summary>
    public static ShadowObject Between(ShadowObject from, ShadowObject to)
    {
        // What a merge did not touch is the same object.
        if (ReferenceEquals(from, to))
            return ShadowObject.Empty;
        var old = from.Fields;
        var now = to.Fields;
        List<ShadowField>? patch = null;
        var (i, j) = (0, 0);
        while (i < old.Length || j < now.Length)
        {
            var order = j >= now.Length ? -1 : i >= old.Length ? 1 : string.CompareOrdinal(old[i].Name, now[j].Name);
            if (order < 0)
                (patch ??= []).Add(new ShadowField(old[i++].Name, Null));
            else if (order > 0)
                (patch ??= []).Add(now[j++]);
            else if (old[i].Node is ShadowObject a && now[j].Node is ShadowObject b)
            {
                if (Between(a, b) is { IsEmpty: false } inner)
                    (patch ??= []).Add(new ShadowField(now[j].Name, inner));
                (i, j) = (i + 1, j + 1);
            }
            else
            {
                if (!ShadowNode.SameValue(old[i].Node, now[j].Node))
                    (patch ??= []).Add(now[j]);
                (i, j) = (i + 1, j + 1);
            }
        }
        return ShadowObject.Of(patch);
    }

    /// <summary>What of <paramref name="wanted"/> is not in <paramref name="there"/> just so. What is there and not wanted is no difference.</summary>
    public static ShadowObject Missing(ShadowObject wanted, ShadowObject there)
    {
        List<ShadowField>? missing = null;
        foreach (var field in wanted.Fields)
        {
            var has = there.Find(field.Name);
            ShadowNode? lacks = (field.Node, has) switch
            {
                (ShadowObject a, ShadowObject b) => Missing(a, b) is { IsEmpty: false } inner ? inner : null,
                var (a, b) => ShadowNode.SameValue(a, b) ? null : a,
            };
            if (lacks is not null)
                (missing ??= []).Add(new ShadowField(field.Name, lacks));
        }
        return ShadowObject.Of(missing);
    }

    /// <summary>Every leaf with its path (<c>/a/b</c>, RFC 6901), in the order of the paths' names.</summary>
    public static IEnumerable<(string Path, ShadowLeaf Leaf)> Leaves(ShadowObject root, string prefix = "")
    {
        for (var i = 0; i < root.Fields.Length; i++)
        {
            var (name, node) = root.Fields[i];
            var path = $"{prefix}/{Escape(name)}";
            if (node is ShadowLeaf leaf)
                yield return (path, leaf);
            else
                foreach (var inner in Leaves((ShadowObject)node, path))
                    yield return inner;
        }
    }

    /// <summary>The leaves that differ by value, by path; null where there is none.</summary>
    public static IReadOnlyList<ShadowDifference> Diff(ShadowObject from, ShadowObject to)
    {
        var (old, now) = (Leaves(from).ToDictionary(l => l.Path, l => l.Leaf), Leaves(to).ToDictionary(l => l.Path, l => l.Leaf));
        return [.. old.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Select(path => new ShadowDifference(path, old.GetValueOrDefault(path), now.GetValueOrDefault(path)))
            .Where(d => !ShadowNode.SameValue(d.Before, d.After))];
    }

    /// <summary>The node at a path as <see cref="Leaves"/> gives it; null where there is none.</summary>
    public static ShadowNode? At(ShadowObject root, string path)
    {
        ShadowNode? node = root;
        foreach (var part in path.Split('/').Skip(1))
            node = (node as ShadowObject)?.Find(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        return node;
    }

    internal static string Escape(string name) => name.AsSpan().IndexOfAny('~', '/') < 0 ? name : new StringBuilder(name).Replace("~", "~0").Replace("/", "~1").ToString();

    private static readonly ShadowLeaf Null = new("null"u8.ToArray(), 0, "");
}

/// <param name="Path"><c>/a/b</c>.</param>
public sealed record ShadowDifference(string Path, ShadowLeaf? Before, ShadowLeaf? After);
