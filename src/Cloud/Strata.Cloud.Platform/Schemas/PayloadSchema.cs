using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using Strata.Core;

namespace Strata.Cloud.Platform.Schemas;

/// <summary>
/// A JSON Schema (draft 2020-12 unless it says another) that a tenant gave: what must hold of a document before it is sent to a device. It refers to nothing outside of itself and not to itself, so that
/// checking by it ends. Immutable; safe from any thread.
/// </summary>
public sealed class PayloadSchema
{
    /// <summary>Bytes of a schema.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>How long one pattern may be matched, where the program has set it: see <see cref="LimitPatterns"/>.</summary>
    public static readonly TimeSpan LongestMatch = TimeSpan.FromMilliseconds(250);

    private const int MaxShown = 3;

    private readonly JsonSchema schema;

    private PayloadSchema(JsonSchema schema, string text) => (this.schema, Text) = (schema, text);

    /// <summary>As it was given.</summary>
    public string Text { get; }

    /// <summary>To be called before anything else of a program: no pattern that anybody gives keeps it busy for longer.</summary>
    public static void LimitPatterns() => AppDomain.CurrentDomain.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", LongestMatch);

    /// <summary>Reads a schema, or says what is wrong with it; the problem's field is <c>schema</c>.</summary>
    public static Outcome<PayloadSchema> Parse(string text)
    {
        if (text.Length > MaxBytes)
            return Wrong($"it has more than {MaxBytes:N0} bytes");
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = SchemaReferences.MaxDepth });
            if (document.RootElement.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False))
                return Wrong("it is an object, true or false");
            if (SchemaReferences.Refusal(document.RootElement) is { } refusal)
                return Wrong(refusal);
            var schema = JsonSchema.FromText(text);
            schema.Evaluate(new JsonObject(), Options());
            return new PayloadSchema(schema, text);
        }
        catch (Exception wrong) when (IsFault(wrong))
        {
            return Wrong(wrong.Message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>What is wrong with a document by the schema; null when nothing is.</summary>
    /// <param name="field">Of the request, by which the document came.</param>
    public Problem? Check(JsonElement document, string field)
    {
        EvaluationResults results;
        try
        {
            results = schema.Evaluate(document, Options());
        }
        catch (RegexMatchTimeoutException)
        {
            return new Problem(ProblemKind.Invalid, $"A pattern of the schema takes longer than {LongestMatch.TotalMilliseconds} ms on this; write it more simply.", field);
        }
        if (results.IsValid)
            return null;
        var faults = (results.Details ?? []).Where(static d => d.Errors is { Count: > 0 })
            .SelectMany(static d => d.Errors!.Select(e => $"{(d.InstanceLocation.ToString() is { Length: > 0 } at ? at : "it")}: {e.Value}")).Distinct().ToList();
        var shown = string.Join("; ", faults.Take(MaxShown));
        return new Problem(ProblemKind.Invalid, $"It is not what the schema asks for: {(shown.Length > 0 ? shown : "nothing is allowed")}{(faults.Count > MaxShown ? $" (and {faults.Count - MaxShown} more)" : "")}.", field);
    }

    private static EvaluationOptions Options() => new() { OutputFormat = OutputFormat.List };

    private static bool IsFault(Exception wrong) => wrong is JsonException or JsonSchemaException or ArgumentException or InvalidOperationException or RefResolutionException or RegexMatchTimeoutException;

    private static Problem Wrong(string why) => new(ProblemKind.Invalid, $"The schema cannot be used: {why}.", "schema");
}
