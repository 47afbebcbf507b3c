using System.Collections.Immutable;

namespace Strata.Core.Provisioning;

/// <summary>How a device that is not registered has shown who it is.</summary>
public enum ArrivalMethod
{
    /// <summary>Named by an operator, in bulk or one by one.</summary>
    Operator,

    /// <summary>A certificate of an authority that is registered here.</summary>
    Certificate,

    /// <summary>A key derived from its group's.</summary>
    SymmetricKey,

    /// <summary>A certificate that many share, and by which one asks for an own one.</summary>
    Claim,

    /// <summary>The endorsement key of its TPM.</summary>
    Tpm,
}

/// <summary>What is known of a device that asks to be registered. Nothing of it is taken on trust beyond what <see cref="Method"/> proves.</summary>
public sealed record ArrivingDevice
{
    public static readonly ImmutableSortedDictionary<string, string> NoSubject = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase);

    public required ArrivalMethod Method { get; init; }

    /// <summary>What kind of thing it is: a certificate's <c>OU</c>, or what the registration says.</summary>
    public string? Sku { get; init; }

    /// <summary>Its maker's number: a certificate's <c>serialNumber</c>, else its <c>CN</c>.</summary>
    public string? Serial { get; init; }

    /// <summary>The key id of the authority that signed its certificate, lower-case hexadecimal; null for none.</summary>
    public string? Issuer { get; init; }

    /// <summary>The name that the authority was registered under; <see cref="OwnIssuer"/> for the tenant's own.</summary>
    public string? IssuerName { get; init; }

    /// <summary>The fields of the certificate's subject by their short names (<c>CN</c>, <c>O</c>, <c>OU</c>, <c>serialNumber</c>, ...).</summary>
    public ImmutableSortedDictionary<string, string> Subject { get; init; } = NoSubject;

    /// <summary>The gateway through which it came; null when it came by itself.</summary>
    public string? Gateway { get; init; }

    /// <summary>The enrolment group by which it came; null for none.</summary>
    public string? Enrolment { get; init; }

    /// <summary>What it is called in its enrolment group, or by its certificate's name; null for neither.</summary>
    public string? Registration { get; init; }

    /// <summary>How templates call the tenant's own authority.</summary>
    public const string OwnIssuer = "own";
}
