namespace Strata.Core.Telemetry.Decoding;

/// <summary>The labels of a SenML record that Strata knows (RFC 8428, section 4.3), as bits.</summary>
[Flags]
internal enum SenmlLabels
{
    None = 0,
    BaseName = 1 << 0,
    BaseTime = 1 << 1,
    BaseUnit = 1 << 2,
    BaseValue = 1 << 3,
    BaseSum = 1 << 4,
    BaseVersion = 1 << 5,
    Name = 1 << 6,
    Unit = 1 << 7,
    Value = 1 << 8,
    Text = 1 << 9,
    Boolean = 1 << 10,
    Data = 1 << 11,
    Sum = 1 << 12,
    Time = 1 << 13,
    UpdateTime = 1 << 14,

    AnyBase = BaseName | BaseTime | BaseUnit | BaseValue | BaseSum | BaseVersion,
    AnyValue = Value | Text | Boolean | Data,
}

/// <summary>One record while it is read; names stand in the scratch buffers.</summary>
internal struct SenmlRecord
{
    /// <summary>Offset of the record's brace.</summary>
    public int At;

    public SenmlLabels Seen;
    public int NameLength;
    public int NameAt;
    public double Value;
    public double Sum;
    public bool Boolean;
    public string? Text;

    /// <summary>Microseconds.</summary>
    public long Time;

    public int TimeAt;

    public readonly bool Has(SenmlLabels label) => (Seen & label) != 0;
}

/// <summary>The base fields, which hold for their record and all later ones.</summary>
internal struct SenmlBase
{
    public int NameLength;
    public int NameAt;
    public double Value;
    public double Sum;

    /// <summary>Microseconds.</summary>
    public long Time;

    /// <summary>Which of them were given so far.</summary>
    public SenmlLabels Seen;
}
