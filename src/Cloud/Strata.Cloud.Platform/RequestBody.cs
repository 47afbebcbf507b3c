using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Cloud.Platform;

/// <summary>Reads request bodies of bounded size; what is wrong with them is a problem with its field, not an exception.</summary>
public static class RequestBody
{
    public const int MaxJsonBytes = 64 * 1024;

    public static async Task<Outcome<T>> ReadJsonAsync<T>(this HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken, int maxBytes = MaxJsonBytes)
        where T : class
    {
        if (request.ContentType is { Length: > 0 } && !request.HasJsonContentType())
            return new Problem(ProblemKind.Invalid, "The body must be JSON (Content-Type: application/json).", "Content-Type");
        var body = await ReadAsync(request, maxBytes, cancellationToken);
        if (!body.IsOk)
            return body.Problem;
        try
        {
            return JsonSerializer.Deserialize(body.Value, type) is { } value ? value : new Problem(ProblemKind.Invalid, "The body is empty; an object is needed.");
        }
        catch (JsonException e)
        {
            var field = e.Path is null or "$" ? null : e.Path.TrimStart('$', '.');
            return new Problem(ProblemKind.Invalid, $"The body is not what is needed here: {(field is null ? "an object" : $"'{field}'")} at line {e.LineNumber + 1}, byte {e.BytePositionInLine} cannot be read.", field);
        }
    }

    public static async Task<Outcome<string>> ReadTextAsync(this HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, maxBytes, cancellationToken);
        if (!body.IsOk)
            return body.Problem;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body.Value).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            return new Problem(ProblemKind.Invalid, $"The text is not UTF-8: byte {e.Index}.");
        }
    }

    private static async Task<Outcome<byte[]>> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        var tooLong = new Problem(ProblemKind.TooMuch, $"The body has more than {maxBytes:N0} bytes.");
        if (request.ContentLength > maxBytes)
            return tooLong;
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await request.Body.ReadAsync(chunk, cancellationToken) is var read && read > 0)
        {
            if (buffer.Length + read > maxBytes)
                return tooLong;
            await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
        }
        return buffer.ToArray();
    }
}
