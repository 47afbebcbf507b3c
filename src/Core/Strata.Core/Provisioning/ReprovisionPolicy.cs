namespace Strata.Core.Provisioning;

/// <summary>What becomes of a device that is registered and enrols again (a new disk, a factory reset, a new owner).</summary>
public enum ReprovisionPolicy
{
    /// <summary>It stays where and what it is, and gets an identity.</summary>
    Keep,

    /// <summary>It goes where its template says now, and keeps what else it is.</summary>
    Migrate,

    /// <summary>It becomes what its template says now, as if it had never been here; its readings stay.</summary>
    Reset,

    /// <summary>It is refused: somebody has to take it out of service first.</summary>
    Never,
}

/// <summary>What an enrolment does to the device that it names.</summary>
public enum EnrolmentEffect
{
    Register,
    IdentityOnly,
    Place,
    Everything,
}

/// <summary>Decides what an enrolment does.</summary>
public static class Reprovisioning
{
    public static readonly IReadOnlyList<string> Names = ["keep", "migrate", "reset", "never"];

    public static string NameOf(ReprovisionPolicy policy) => Names[(int)policy];

    public static bool TryParse(string? name, out ReprovisionPolicy policy)
    {
        var at = Names.ToList().IndexOf(name ?? "");
        policy = at < 0 ? ReprovisionPolicy.Keep : (ReprovisionPolicy)at;
        return at >= 0;
    }

    /// <param name="isInService">Whether a device of that name is registered and not decommissioned.</param>
    /// <param name="isItself">Whether that device came by the same registration before: a name is never taken from another device.</param>
    public static Outcome<EnrolmentEffect> Decide(ReprovisionPolicy policy, string id, bool isInService, bool isItself)
    {
        if (!isInService)
            return EnrolmentEffect.Register;
        if (!isItself)
            return new Problem(ProblemKind.Conflict, $"The id '{id}' is another device's; its template's name pattern must tell devices apart.", "id");
        return policy switch
        {
            ReprovisionPolicy.Keep => EnrolmentEffect.IdentityOnly,
            ReprovisionPolicy.Migrate => EnrolmentEffect.Place,
            ReprovisionPolicy.Reset => EnrolmentEffect.Everything,
            _ => new Problem(ProblemKind.Forbidden, $"'{id}' is registered already, and may not enrol again; decommission it first."),
        };
    }
}
