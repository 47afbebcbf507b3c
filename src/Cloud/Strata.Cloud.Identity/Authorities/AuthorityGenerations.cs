using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Storage;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>An intermediate of the installation that was replaced, for the revocation list of its root.</summary>
/// <param name="Root">The key id of the root that had certified it.</param>
internal sealed record RetiredAuthority(string Serial, string Root, DateTimeOffset Since);

/// <summary>
/// Which of the folder's generations of root and intermediate is in use: one file, <c>state.json</c>, replaced in one step, so that each step of a roll-over is made or not. A generation is a folder of
/// its own; the first is the folder <c>ca</c> itself, named by the empty text.
/// </summary>
/// <param name="Next">Its key is made, and the root has not certified it yet; null for none.</param>
/// <param name="Previous">The one before, while devices learn of the one now; null when no roll-over is under way.</param>
/// <param name="Begun">Since when the one now is in use.</param>
internal sealed record AuthorityGenerations(string Current, string? Next, string? Previous, DateTimeOffset? Begun, IReadOnlyList<RetiredAuthority> Retired)
{
    private const string FileName = "state.json";

    public static readonly AuthorityGenerations First = new("", null, null, null, []);

    /// <summary>Those that have keys here.</summary>
    [JsonIgnore]
    public IEnumerable<string> All => new[] { Current, Next, Previous }.OfType<string>();

    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static AuthorityGenerations Read(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            return First;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), GenerationsJson.Default.AuthorityGenerations) ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}, which says what authority is in use, cannot be read ({e.Message}); restore the folder from a backup.", e);
        }
    }

    public void Write(string folder) => SafeFiles.Replace(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, GenerationsJson.Default.AuthorityGenerations), RandomAccess.FlushToDisk);
}

[JsonSerializable(typeof(AuthorityGenerations))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class GenerationsJson : JsonSerializerContext;
