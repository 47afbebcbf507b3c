namespace Strata.Core.Telemetry;

/// <summary>What a value is. Stored as this number, so the numbers never change.</summary>
public enum ReadingKind : byte
{
    /// <summary>A double.</summary>
    Number = 0,

    /// <summary>True or false, carried as 1 or 0 in the number column.</summary>
    Boolean = 1,

    /// <summary>Text.</summary>
    Text = 2,
}

/// <summary>One value: a finite number, a boolean or a text.</summary>
public readonly record struct ReadingValue
{
    private ReadingValue(ReadingKind kind, double number, string? text) => (Kind, Number, Text) = (kind, number, text);

    public ReadingKind Kind { get; }

    /// <summary>The number; 1 or 0 for a boolean; 0 for a text.</summary>
    public double Number { get; }

    /// <summary>The text, null unless <see cref="Kind"/> is <see cref="ReadingKind.Text"/>.</summary>
    public string? Text { get; }

    public bool Boolean => Number != 0;

    public static ReadingValue OfNumber(double number) => new(ReadingKind.Number, number, null);

    public static ReadingValue OfBoolean(bool value) => new(ReadingKind.Boolean, value ? 1 : 0, null);

    public static ReadingValue OfText(string text) => new(ReadingKind.Text, 0, text);

    /// <summary>Rebuilds a value from its three stored columns.</summary>
    public static ReadingValue FromColumns(ReadingKind kind, double number, string? text) => new(kind, number, text);

    public override string ToString() => Kind switch
    {
        ReadingKind.Number => Number.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        ReadingKind.Boolean => Boolean ? "true" : "false",
        _ => Text ?? "",
    };
}
