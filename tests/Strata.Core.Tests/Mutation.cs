namespace Strata.Core.Tests;

/// <summary>Damage to a text of JSON that often leaves it nearly right.</summary>
internal static class Mutation
{
    private const string Tokens = "{}[]\":,\\-+.eEu0123456789tfn ";

    public static void Apply(List<byte> payload, int place, int kind, byte value)
    {
        place = payload.Count == 0 ? 0 : place % payload.Count;
        if (payload.Count == 0 || kind == 0)
            payload.Insert(place, (byte)Tokens[value % Tokens.Length]);
        else if (kind == 1)
            payload.RemoveAt(place);
        else if (kind == 2)
            payload[place] = value;
        else
            payload.InsertRange(place, payload.GetRange(0, Math.Min(value, payload.Count)));
    }
}
