namespace Strata.Cloud.Platform.Archive;

/// <summary>The first part of an archive: whose it is, and what it is made of.</summary>
/// <param name="Format">Of the parts after this one.</param>
/// <param name="Tenant">Its id, which it keeps.</param>
/// <param name="Level">At which it was isolated.</param>
/// <param name="Exported">As of then.</param>
/// <param name="Final">The tenant was paused and nothing came after it.</param>
/// <param name="Program">The version of the program that wrote it.</param>
/// <param name="Tables">The registry's tables and the columns of each, as that program had them.</param>
public sealed record ArchiveManifest(
    int Format, string Tenant, string Name, string Level, DateTimeOffset Exported, bool Final, string Program, IReadOnlyDictionary<string, string> Tables)
{
    public const int CurrentFormat = 1;

    /// <summary>Why this program cannot read the rest; null when it can.</summary>
    public string? Differs(int format, IReadOnlyDictionary<string, string> mine, string program)
    {
        if (Format != format)
            return $"The archive has format {Format}, written by {Program}; this program ({program}) reads format {format}: use {(Format > format ? "a newer one" : "the one that wrote it, and export again with this one")}.";
        foreach (var (table, columns) in Tables)
        {
            if (!mine.TryGetValue(table, out var known))
                return $"The archive has a table '{table}', which this program ({program}) does not know: it was written by a newer one ({Program}); import it with that one.";
            var (theirs, ours) = (columns.Split(','), known.Split(','));
            if (theirs.Except(ours).FirstOrDefault() is { } more)
                return $"The archive's table '{table}' has '{more}', which this program ({program}) does not know: it was written by a newer one ({Program}); import it with that one.";
            if (ours.Except(theirs).FirstOrDefault() is { } less)
                return $"The archive's table '{table}' has no '{less}': it was written by an older program ({Program}); bring that installation up to this version ({program}) and export again.";
        }
        return mine.Keys.Except(Tables.Keys).FirstOrDefault() is { } missing
            ? $"The archive has no table '{missing}': it was written by an older program ({Program}); bring that installation up to this version ({program}) and export again."
            : null;
    }
}

/// <summary>A person who belonged to the tenant: invited anew where the archive is imported. Without password, session and second factor.</summary>
/// <param name="Grants">Roles and where they hold, as the API writes them (JSON).</param>
public sealed record ArchivedPerson(string Email, string Name, string Grants, bool Enabled);

/// <summary>The last part: what there must have been before it.</summary>
/// <param name="Rows">By table.</param>
/// <param name="Readings">Rows of readings; later values of a key are rows too.</param>
/// <param name="Digest">SHA-256 of all parts before, in hexadecimal.</param>
/// <param name="Files">What slices keep beside rows.</param>
public sealed record ArchiveEnd(IReadOnlyDictionary<string, long> Rows, long Readings, long Windows, long Events, long Gaps, string Digest, long Files = 0);
