using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Strata.Core;
using Strata.Node.Identity;

namespace Strata.Node.Ingest;

/// <summary>
/// <c>provision/claim</c> and <c>provision/renew</c>: a device asks with <c>{"csr":"..."}</c> and is answered, alone, on the same topic below <c>accepted</c>
/// (<c>{"certificate","chain","deviceId","anchors"}</c>) or <c>rejected</c> (<c>{"error","field"}</c>).
/// </summary>
internal static class ProvisioningTopics
{
    /// <summary>Largest request.</summary>
    public const int MaxBytes = 32 * 1024;

    public const string Claim = "provision/claim";
    public const string Renew = "provision/renew";

    /// <summary>Which of the two the topic is; null for another one.</summary>
    public static string? Classify(ReadOnlySpan<byte> topic) => topic.SequenceEqual("provision/claim"u8) ? Claim : topic.SequenceEqual("provision/renew"u8) ? Renew : null;

    /// <summary>Whether the filter finds answers, and nothing else.</summary>
    public static bool IsAnswer(string filter) =>
        filter is Claim + "/accepted" or Claim + "/rejected" or Claim + "/+" or Renew + "/accepted" or Renew + "/rejected" or Renew + "/+" or "provision/+/accepted" or "provision/+/rejected" or "provision/+/+" or "provision/#";

    /// <summary>The certificate signing request (DER) of a payload.</summary>
    public static Outcome<byte[]> ReadRequest(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxBytes)
            return new Problem(ProblemKind.TooMuch, $"The request has {payload.Length:N0} bytes; at most {MaxBytes:N0} are read.");
        try
        {
            var reader = new Utf8JsonReader(payload);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("csr", out var csr) || csr.ValueKind != JsonValueKind.String)
                return new Problem(ProblemKind.Invalid, "The payload is {\"csr\":\"...\"}: a certificate signing request (PKCS #10) in PEM, or its base64.", "csr");
            return PemText.Decode(csr.GetString()) is { } der ? der : new Problem(ProblemKind.Invalid, "'csr' is a certificate signing request (PKCS #10) in PEM, or its base64.", "csr");
        }
        catch (JsonException)
        {
            return new Problem(ProblemKind.Invalid, "The payload is no JSON.");
        }
    }

    /// <param name="roots">What the device is to trust.</param>
    public static byte[] Accepted(EnrolledCertificate issued, string device, IReadOnlyList<X509Certificate2> roots) => Write(json =>
    {
        json.WriteString("certificate", issued.Certificate.ExportCertificatePem() + "\n");
        json.WriteString("chain", string.Concat(issued.Chain.Select(c => c.ExportCertificatePem() + "\n")));
        json.WriteString("deviceId", device);
        json.WriteString("anchors", string.Concat(roots.Select(c => c.ExportCertificatePem() + "\n")));
    });

    public static byte[] Rejected(Problem problem) => Write(json =>
    {
        json.WriteString("error", problem.Detail);
        if (problem.Field is { } field)
            json.WriteString("field", field);
    });

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }
}
