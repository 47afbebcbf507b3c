using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Parts;

/// <summary>A grant while it is edited.</summary>
public sealed class GrantDraft
{
    public string Role { get; set; } = "viewer";

    public bool IsWhole { get; set; } = true;

    public List<string> Sites { get; } = [];

    public List<string> Groups { get; } = [];

    /// <summary>A scope that was begun and left empty must not be the whole tenant.</summary>
    public bool IsUnfinished => !IsWhole && Sites.Count + Groups.Count == 0;

    public static GrantDraft Of(GrantInfo grant)
    {
        var draft = new GrantDraft { Role = grant.Role, IsWhole = (grant.Sites ?? []).Count + (grant.Groups ?? []).Count == 0 };
        draft.Sites.AddRange(grant.Sites ?? []);
        draft.Groups.AddRange(grant.Groups ?? []);
        return draft;
    }

    public GrantInfo ToGrant() => IsWhole ? new GrantInfo(Role) : new GrantInfo(Role, [.. Sites], [.. Groups]);
}
