using System.Security.Cryptography.X509Certificates;

namespace Strata.Node.Identity;

/// <summary>Reads fields of a subject's name.</summary>
public static class SubjectNames
{
    private const string CommonNameOid = "2.5.4.3";

    /// <summary>The common name; null when there is none.</summary>
    public static string? CommonName(this X500DistinguishedName name) => name.Field(CommonNameOid);

    /// <summary>The first field of this kind; null when there is none.</summary>
    public static string? Field(this X500DistinguishedName name, string oid) =>
        name.EnumerateRelativeDistinguishedNames().FirstOrDefault(n => !n.HasMultipleElements && n.GetSingleElementType().Value == oid)?.GetSingleElementValue();
}
