using Strata.Core.Architecture;

namespace Strata.Core.Provisioning;

/// <summary>What becomes of a device that somebody says he has mounted at a place. Pure.</summary>
public static class MountingRule
{
    /// <summary>
    /// A device that is nowhere, or in a place that holds the wanted one, goes there; one that is there stays. Elsewhere it has been placed by somebody else: it goes only
    /// when the one who asks has seen where it is and says so.
    /// </summary>
    /// <param name="now">Where the device is; null for nowhere.</param>
    /// <param name="replaces">The place that whoever asks knows it to be in, and takes it from.</param>
    public static MountingStep Decide(SiteId? now, SiteId wanted, SiteId? replaces) => now switch
    {
        null => MountingStep.Place,
        { } there when there == wanted => MountingStep.Stay,
        { } there when there.Contains(wanted) || there == replaces => MountingStep.Place,
        _ => MountingStep.Conflict,
    };
}

/// <summary>What is to be done.</summary>
public enum MountingStep
{
    /// <summary>It goes to the wanted place.</summary>
    Place,

    /// <summary>It is there already.</summary>
    Stay,

    /// <summary>It is elsewhere, and who asks does not know.</summary>
    Conflict,
}
