using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Shadows;

namespace Strata.Fog.Shadows;

/// <summary>A shadow at the gateway: as it was when the parent last agreed, and as it is.</summary>
internal sealed record FogShadow(string Device, string Name, Shadow Agreed, Shadow Current)
{
    /// <summary>What the parent has not heard yet of reported.</summary>
    public ShadowObject PendingReported => ShadowMath.Between(Agreed.Reported.Root, Current.Reported.Root);

    /// <summary>What the parent has not heard yet of desired.</summary>
    public ShadowObject PendingDesired => ShadowMath.Between(Agreed.Desired.Root, Current.Desired.Root);

    public bool IsPending => !PendingReported.IsEmpty || !PendingDesired.IsEmpty;

    public GatewayShadowChange ToChange() => new(Device, Name, Agreed.Version, Current.Version, Current.Time, Element(PendingReported), Element(PendingDesired));

    /// <summary>The parent's side, with what changed here since it was asked.</summary>
    /// <param name="asked">As it was when the parent was told, if it took that; else what was agreed.</param>
    public FogShadow Agree(Shadow parents, Shadow asked)
    {
        var (reported, desired) = (ShadowMath.Between(asked.Reported.Root, Current.Reported.Root), ShadowMath.Between(asked.Desired.Root, Current.Desired.Root));
        if (reported.IsEmpty && desired.IsEmpty)
            return this with { Agreed = parents, Current = Onwards(parents) };
        var current = parents with
        {
            Version = Math.Max(parents.Version, Current.Version) + 1, Time = Math.Max(parents.Time, Current.Time), IsDeleted = false,
            Reported = parents.Reported with { Root = ShadowMath.Merge(parents.Reported.Root, reported, Current.Time, ShadowAuthor.Device) },
            Desired = parents.Desired with { Root = ShadowMath.Merge(parents.Desired.Root, desired, Current.Time, "gateway") },
        };
        return this with { Agreed = parents, Current = current };
    }

    /// <summary>The parent's, with a version that is none which the device was told of another state: reports of the same values count here alone.</summary>
    private Shadow Onwards(Shadow parents)
    {
        var isSame = parents.IsDeleted == Current.IsDeleted && ShadowNode.SameValue(parents.Desired.Root, Current.Desired.Root) && ShadowNode.SameValue(parents.Reported.Root, Current.Reported.Root);
        var least = isSame ? Current.Version : Current.Version + 1;
        return parents.Version >= least ? parents : parents with { Version = least, Time = Math.Max(parents.Time, Current.Time) };
    }

    private static JsonElement? Element(ShadowObject patch)
    {
        if (patch.IsEmpty)
            return null;
        using var text = ShadowText.Take();
        ShadowCodec.WriteState(text.Writer, patch);
        using var document = JsonDocument.Parse(text.ToArray());
        return document.RootElement.Clone();
    }
}

/// <summary>As it is on the disk.</summary>
/// <param name="Agreed">As <see cref="ShadowCodec"/> writes it; so the other.</param>
internal sealed record FogShadowFile(string Device, string Name, byte[] Agreed, byte[] Current);
