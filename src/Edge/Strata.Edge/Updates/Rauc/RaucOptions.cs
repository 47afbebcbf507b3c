namespace Strata.Edge.Updates.Rauc;

/// <summary>How RAUC is asked, where it has the two slots of a whole system.</summary>
public sealed record RaucOptions
{
    /// <summary>RAUC's own program; it asks RAUC's service. Default <c>rauc</c>, searched in PATH.</summary>
    public string Program { get; init; } = "rauc";

    /// <summary>What starts the machine again, without arguments. Default <c>reboot</c>, searched in PATH.</summary>
    public string Restart { get; init; } = "reboot";

    /// <summary>How long an answer may take. 1 s to 10 min; default 1 min.</summary>
    public TimeSpan AnswerLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an installation may take. 1 min to 12 h; default 1 h.</summary>
    public TimeSpan InstallLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What is wrong, one sentence each; empty when all is well.</summary>
    public IEnumerable<string> Validate()
    {
        if (AnswerLimit < TimeSpan.FromSeconds(1) || AnswerLimit > TimeSpan.FromMinutes(10))
            yield return $"{nameof(AnswerLimit)} is {AnswerLimit}; it must be 1 s to 10 min.";
        if (InstallLimit < TimeSpan.FromMinutes(1) || InstallLimit > TimeSpan.FromHours(12))
            yield return $"{nameof(InstallLimit)} is {InstallLimit}; it must be 1 min to 12 h.";
    }
}
