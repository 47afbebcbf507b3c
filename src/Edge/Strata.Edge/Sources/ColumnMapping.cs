using Strata.Core.Telemetry;

namespace Strata.Edge.Sources;

/// <summary>Which column of a file gives a metric, and in what unit the column is.</summary>
/// <param name="Metric">The metric it becomes.</param>
/// <param name="Column">The header's name, exact.</param>
/// <param name="Unit">What the cells hold.</param>
public sealed record ColumnMapping(MetricName Metric, string Column, ColumnUnit Unit = ColumnUnit.Number)
{
    /// <summary>Parses <c>temperature=Temperature</c> or, with a unit, <c>temperature=value:degF</c>.</summary>
    /// <exception cref="FormatException">It is not a mapping; the message says why.</exception>
    public static ColumnMapping Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1)
            throw new FormatException($"'{text}' is not a mapping; write METRIC=COLUMN or METRIC=COLUMN:UNIT, for example temperature=value:degF.");
        var metric = MetricName.Parse(text[..equals]);
        var column = text[(equals + 1)..];
        var unit = ColumnUnit.Number;
        if (column.LastIndexOf(':') is var colon && colon >= 0)
        {
            unit = ParseUnit(column[(colon + 1)..]) ?? throw new FormatException(
                $"'{column[(colon + 1)..]}' is not a unit that is converted; known are degC, degF, K, bool and text. Others are carried as they are: leave the unit out.");
            column = column[..colon];
        }
        return column.Length > 0 ? new(metric, column, unit) : throw new FormatException($"'{text}' names no column.");
    }

    /// <summary>The metric of a column that nobody mapped: a small first letter, or all small when it has no small one (<c>CO2</c>).</summary>
    internal static ColumnMapping ForColumn(string column)
    {
        var name = column.Any(char.IsAsciiLetterLower) ? char.ToLowerInvariant(column[0]) + column[1..] : column.ToLowerInvariant();
        return new(MetricName.Parse(name), column);
    }

    private static ColumnUnit? ParseUnit(string unit) => unit switch
    {
        "degC" => ColumnUnit.Number,
        "degF" => ColumnUnit.DegreesFahrenheit,
        "K" => ColumnUnit.Kelvin,
        "bool" => ColumnUnit.Boolean,
        "text" => ColumnUnit.Text,
        _ => null,
    };
}

/// <summary>What the cells of a column hold. Temperatures become degC.</summary>
public enum ColumnUnit
{
    /// <summary>A number, carried as it is.</summary>
    Number,
    DegreesFahrenheit,
    Kelvin,

    /// <summary><c>0</c>, <c>1</c>, <c>true</c> or <c>false</c>.</summary>
    Boolean,
    Text,
}
