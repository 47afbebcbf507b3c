namespace Strata.Cli.Doctor;

/// <summary>One thing that was looked at.</summary>
/// <param name="Status"><c>ok</c>, <c>warning</c> or <c>problem</c>.</param>
/// <param name="Mend">What to do; empty when all is well.</param>
internal sealed record Finding(string Check, string Status, string Detail, string Mend = "")
{
    public static Finding Ok(string check, string detail) => new(check, "ok", detail);

    public static Finding Warning(string check, string detail, string mend) => new(check, "warning", detail, mend);

    public static Finding Problem(string check, string detail, string mend) => new(check, "problem", detail, mend);
}
