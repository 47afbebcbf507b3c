using Strata.Core;

namespace Strata.Cloud.Artifacts;

/// <summary>Refusals that several routes have.</summary>
internal static class ArtifactRoutes
{
    public static Problem WholeOnly => new(ProblemKind.Forbidden, "Artifacts and their keys are for who may write updates everywhere in the tenant.");

    public static Problem Unknown => new(ProblemKind.NotFound, "There is no such artifact.", "id");
}
