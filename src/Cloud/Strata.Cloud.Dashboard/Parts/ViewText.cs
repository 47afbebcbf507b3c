namespace Strata.Cloud.Dashboard.Parts;

/// <summary>Widgets of views in words.</summary>
internal static class ViewText
{
    private static readonly (string Widget, string Name)[] Names =
    [
        ("counts", "Counts"), ("sites", "Places"), ("offline", "Devices that are not heard"), ("latest", "Newest values"), ("chart", "Charts"), ("usage", "Usage"), ("sla", "Service levels"), ("costs", "Costs"),
    ];

    public static IEnumerable<string> Widgets => Names.Select(n => n.Widget);

    /// <summary>The time of a view in words: <c>1d</c> is "day", <c>7d</c> is "7 days".</summary>
    public static string Last(string last)
    {
        var unit = last[^1] switch { 'd' => "day", 'h' => "hour", 'm' => "minute", _ => "" };
        return unit.Length == 0 || !char.IsAsciiDigit(last[^2]) ? last : last[..^1] == "1" ? unit : $"{last[..^1]} {unit}s";
    }

    /// <summary>The name itself for a widget that this page does not know.</summary>
    public static string Name(string widget) => Array.Find(Names, n => n.Widget == widget).Name ?? widget;
}
