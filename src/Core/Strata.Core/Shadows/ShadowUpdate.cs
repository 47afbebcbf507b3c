namespace Strata.Core.Shadows;

/// <summary>Who asks for an update.</summary>
/// <param name="Name">For metadata and history.</param>
/// <param name="IsDevice">The device itself: it writes what is reported, and sees no tags.</param>
/// <param name="MayDesire">It may write what is desired all the same.</param>
public readonly record struct ShadowAuthor(string Name, bool IsDevice, bool MayDesire = false)
{
    /// <summary>The actor of what devices write, of each its own.</summary>
    public const string Device = "device";
}

/// <summary>What an update makes of a shadow.</summary>
/// <param name="Touched">The parts that the request named.</param>
public sealed record ShadowChange(Shadow Before, Shadow After, IReadOnlyList<ShadowSection> Touched)
{
    /// <summary>The time of the leaves that an update brought, ms since 1970 UTC.</summary>
    public long Said { get; init; }

    /// <summary>Whether any value differs.</summary>
    public bool HasChanged => Before.Changes != After.Changes;
}

/// <summary>Decides on updates: who may write what, whether it was decided on what is there, and whether there is room.</summary>
public static class ShadowUpdate
{
    /// <summary>The shadow after the request. The problem is a conflict (409) where the request was decided on another version.</summary>
    /// <param name="now">When it was said, ms since 1970 UTC: noted at each leaf as it is, though the shadow's own time does not go back.</param>
    public static Outcome<ShadowChange> Decide(Shadow current, ShadowRequest request, in ShadowAuthor author, long now, ShadowLimits limits)
    {
        if (Refusal(request, author) is { } forbidden)
            return forbidden;
        if (Conflict(current, request) is { } conflict)
            return conflict;
        var after = current with { Version = current.Version + 1, Time = Math.Max(now, current.Time), IsDeleted = false };
        var touched = new List<ShadowSection>(3);
        foreach (var section in ShadowSections.All)
        {
            if (request[section] is not { } asked)
                continue;
            touched.Add(section);
            var part = current[section];
            var root = asked.Patch is { } patch ? ShadowMath.Merge(part.Root, patch, now, author.Name) : ShadowObject.Empty;
            after = after.With(section, new ShadowPart(part.Version + 1, root));
        }
        if (current.IsDeleted || touched.Exists(s => !ShadowNode.SameValue(current[s].Root, after[s].Root)))
            after = after with { Changes = current.Changes + 1 };
        var size = ShadowCodec.SizeOf(after);
        return size > limits.MaxBytes && size >= ShadowCodec.SizeOf(current)
            ? new Problem(ProblemKind.TooMuch, $"The shadow would have {size:N0} bytes; it may have {limits.MaxBytes:N0}. Delete fields by null, or use a named shadow.")
            : new ShadowChange(current, after, touched) { Said = now };
    }

    /// <summary>Takes a shadow away; its version is kept.</summary>
    public static Outcome<ShadowChange> Delete(Shadow current, long? version, long now) => current.IsDeleted
        ? new Problem(ProblemKind.NotFound, "There is no such shadow.")
        : version is { } expected && expected != current.Version
            ? Changed("the shadow", current.Version, expected)
            : new ShadowChange(
                current,
                new Shadow(current.Version + 1, Math.Max(now, current.Time), Gone(current.Desired), Gone(current.Reported), Gone(current.Tags)) { IsDeleted = true, Changes = current.Changes + 1 },
                [.. ShadowSections.All]);

    private static ShadowPart Gone(ShadowPart part) => new(part.Version, ShadowObject.Empty);

    private static Problem? Refusal(ShadowRequest request, in ShadowAuthor author) => author switch
    {
        { IsDevice: true } when request.Tags is not null => new Problem(ProblemKind.Forbidden, "Tags are the cloud's: a device does not write them."),
        { IsDevice: true, MayDesire: false } when request.Desired is not null => new Problem(ProblemKind.Forbidden, "What is desired is the cloud's to say: a device writes 'reported'."),
        _ => null,
    };

    private static Problem? Conflict(Shadow current, ShadowRequest request) =>
        Conflict("the shadow", current.Version, request.Version)
        ?? Conflict("'desired'", current.Desired.Version, request.DesiredVersion)
        ?? Conflict("'reported'", current.Reported.Version, request.ReportedVersion)
        ?? Conflict("'tags'", current.Tags.Version, request.TagsVersion);

    private static Problem? Conflict(string what, long now, long? expected) => expected is { } version && version != now ? Changed(what, now, version) : null;

    private static Problem Changed(string what, long now, long expected) =>
        new(ProblemKind.Conflict, $"Version conflict: {what} has version {now}, the request was decided on {expected}. Get it again, then decide anew.", "version");
}
