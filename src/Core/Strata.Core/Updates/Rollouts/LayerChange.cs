namespace Strata.Core.Updates.Rollouts;

/// <summary>A change of a layer of configuration that is rolled out. The rollout ends with the layer saying it to everybody.</summary>
/// <param name="Layer">As <see cref="Core.Configuration.LayerId"/> writes it.</param>
/// <param name="Version">Of the layer that it was made on; of one that was deleted the version that its end counted; 0 where there never was one.</param>
/// <param name="Before">What the layer said, as JSON: what devices are taken back to. Null where there was none.</param>
/// <param name="Content">What it is to say, as JSON; null: it goes.</param>
public sealed record LayerChange(string Layer, long Version, string? Before, string? Content)
{
    /// <summary>What becomes of the layer in the end.</summary>
    public string Outcome => Content is null ? $"layer '{Layer}' is gone" : $"layer '{Layer}' says it to everybody";

    /// <summary>The other way.</summary>
    /// <param name="isKept">The layer says it to everybody by now.</param>
    public LayerChange Back(bool isKept) => this with { Version = isKept ? Version + 1 : Version, Before = Content, Content = Before };
}
