using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// What becomes of a place that is named and not there: the first device or gateway of a new tree makes its places, so that a first try needs no
/// site file; within a tree that is there an unknown place is more likely a slip.
/// </summary>
internal static class EnsurePlace
{
    /// <summary>Refuses an unknown place within a known tree, and every place beyond the caller's scope as if it were unknown.</summary>
    public static Problem? Check(RegistryImage image, string path, Permission permission, Access? access)
    {
        var known = access is null ? image.Sites.Keys : image.Sites.Keys.Where(s => access.Decide(permission, SiteId.Parse(s)) != AccessDecision.NotFound);
        if (access is not null && Access.Refusal(access.Decide(permission, SiteId.Parse(path)), () => Unknown(path, known)) is { } refusal)
            return refusal;
        var root = path.Split('/')[0];
        return image.Sites.ContainsKey(path) || !image.Sites.ContainsKey(root) ? null : Unknown(path, known);
    }

    public static Problem Unknown(string path, IEnumerable<string> known) => new(
        ProblemKind.NotFound, $"There is no place '{(path.Length > 512 ? path[..512] : path)}'.{Suggestion.For(path, known)} Add it to the site file and apply that.", "site");

    /// <summary>Of who may do this in a part of the tenant only.</summary>
    public static Problem SayThePlace => new(ProblemKind.Invalid, "Say the place: the caller may do this in a part of the tenant only.", "site");

    /// <summary>Makes the place and those that hold it, as far as they are missing.</summary>
    public static void Create(RegistryChange change, string path)
    {
        foreach (var place in Places.SelfAndAbove(path).Reverse().Where(p => !change.Image.Sites.ContainsKey(p)))
        {
            change.Put(
                new SiteRow { TenantId = change.TenantId, Path = place, Parent = Places.Parent(place), Name = Places.Name(place), Kind = DescribedSite.DefaultKind },
                "create");
        }
    }
}
