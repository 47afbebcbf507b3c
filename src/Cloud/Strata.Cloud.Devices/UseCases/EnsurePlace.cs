using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// What becomes of a place that is named and not there: the first device or gateway of a new tree makes its places, so that a first try needs no
/// site file; within a tree that is there an unknown place is more likely a slip.
/// </summary>
internal static class EnsurePlace
{
    /// <summary>Refuses an unknown place within a known tree.</summary>
    public static Problem? Check(RegistryImage image, string path)
    {
        var root = path.Split('/')[0];
        return image.Sites.ContainsKey(path) || !image.Sites.ContainsKey(root)
            ? null
            : new Problem(ProblemKind.NotFound, $"There is no place '{path}'.{Suggestion.For(path, image.Sites.Keys)} Add it to the site file and apply that.", "site");
    }

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
