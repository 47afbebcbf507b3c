namespace Strata.Core.Tenancy;

/// <summary>What is asked before a level is recommended. Not answered is no.</summary>
/// <param name="Tenants">Tenants on the installation, 1 or more.</param>
/// <param name="PersonalData">Data of people is kept.</param>
/// <param name="HealthData">Data of people's health is kept.</param>
/// <param name="Soc2">A SOC 2 audit covers it.</param>
/// <param name="Hipaa">HIPAA covers it.</param>
/// <param name="Government">It is a government's.</param>
/// <param name="Size">What kind of business the tenant is.</param>
/// <param name="Development">Nothing in it is real: development or a trial.</param>
public sealed record IsolationAnswers(
    int Tenants = 1, bool PersonalData = false, bool HealthData = false, bool Soc2 = false, bool Hipaa = false, bool Government = false,
    BusinessSize Size = BusinessSize.NotSaid, bool Development = false);

/// <summary>What kind of business a tenant is.</summary>
public enum BusinessSize
{
    NotSaid,
    Small,
    Enterprise,
}

/// <summary>A recommended level.</summary>
/// <param name="Reason">The answer that decided, as a sentence.</param>
/// <param name="Others">What else was considered, each with the level it asks for, strictest first.</param>
public sealed record IsolationAdvice(IsolationLevel Level, string Reason, IReadOnlyList<string> Others)
{
    /// <summary>From so many tenants on, an installation is more than a few friends.</summary>
    private const int Many = 100;

    /// <summary>The level that the answers ask for; of several the strictest.</summary>
    public static IsolationAdvice For(IsolationAnswers answers)
    {
        var asked = Demands(answers).OrderByDescending(d => d.Level).ToList();
        if (asked.Count == 0)
            asked.Add(Default(answers));
        var (level, reason) = asked[0];
        return new IsolationAdvice(level, reason, [.. asked.Skip(1).Select(d => $"{d.Level.Name()}: {d.Reason}")]);
    }

    private static IEnumerable<(IsolationLevel Level, string Reason)> Demands(IsolationAnswers a)
    {
        if (a.Hipaa)
            yield return (IsolationLevel.Physical, "HIPAA covers it, which is met best by a deployment of its own");
        if (a.Soc2)
            yield return (IsolationLevel.Physical, "SOC 2 covers it: a deployment of its own keeps the audit's boundary small");
        if (a.Government)
            yield return (IsolationLevel.Physical, "a government's data belongs into a deployment of its own");
        if (a.Size == BusinessSize.Enterprise)
            yield return (IsolationLevel.Dedicated, "an enterprise gets a database of its own, to back up, restore and size by itself");
        if (a.HealthData)
            yield return (IsolationLevel.Encrypted, "health data is kept");
        if (a.PersonalData)
            yield return (IsolationLevel.Encrypted, "personal data is kept");
        if (a.Tenants >= Many)
            yield return (IsolationLevel.Encrypted, $"{a.Tenants} tenants share the installation ({Many} or more)");
        if (a.Size == BusinessSize.Small)
            yield return (IsolationLevel.Encrypted, "a small business's secrets deserve a key of their own");
        if (a.Development)
            yield return (IsolationLevel.Logical, "for development the database's separation is enough");
    }

    private static (IsolationLevel Level, string Reason) Default(IsolationAnswers a) =>
        (IsolationLevel.Logical, $"{a.Tenants} {(a.Tenants == 1 ? "tenant is" : "tenants are")} on the installation, fewer than {Many}, without sensitive data");
}
