namespace Strata.Core.Telemetry.Decoding;

/// <summary>Buffers of one decoding, kept per thread so that a message allocates none of them.</summary>
internal sealed class DecodeScratch
{
    [ThreadStatic]
    private static DecodeScratch? mine;

    /// <summary>The longest SenML name: a base name and a name.</summary>
    public const int MaxSenmlName = 512;

    /// <summary>A name whose escapes had to be resolved.</summary>
    public readonly byte[] Key = new byte[MaxSenmlName];

    /// <summary>The dotted path of the objects that are open, and the name being read behind it; in SenML base name and name.</summary>
    public readonly byte[] Path = new byte[2 * MaxSenmlName + 8];

    public readonly byte[] BaseName = new byte[MaxSenmlName];

    public readonly byte[] Name = new byte[MaxSenmlName];

    public readonly NameClaims Claims = new();

    private byte[] text = new byte[256];

    public static DecodeScratch Mine => mine ??= new DecodeScratch();

    /// <summary>A buffer of at least this many bytes for a text value; the limit on texts bounds it.</summary>
    public byte[] Text(int length)
    {
        if (text.Length < length)
            text = new byte[length];
        return text;
    }
}

/// <summary>The names that one object has taken, flattened: its leaves, and its nested objects by their path.</summary>
internal sealed class NameClaims
{
    private const int ScanUpTo = 16;

    private readonly string[] few = new string[ScanUpTo];
    private readonly HashSet<string> many = new(StringComparer.Ordinal);
    private int count;

    public void Clear()
    {
        if (count > ScanUpTo)
            many.Clear();
        count = 0;
    }

    /// <summary>Takes a name; false when it is taken.</summary>
    public bool TryClaim(string name)
    {
        if (count < ScanUpTo)
        {
            foreach (var other in few.AsSpan(0, count))
            {
                if (string.Equals(other, name))
                    return false;
            }
            few[count++] = name;
            return true;
        }
        if (count == ScanUpTo)
            many.UnionWith(few);
        count++;
        return many.Add(name);
    }
}
