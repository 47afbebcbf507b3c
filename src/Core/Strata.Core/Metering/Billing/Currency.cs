using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Metering.Billing;

/// <summary>A currency by its ISO 4217 code, with the digits of its minor unit: what amounts are rounded to.</summary>
public sealed record Currency
{
    private static readonly string[] OfTwo =
    [
        "AED", "ARS", "AUD", "BDT", "BGN", "BRL", "CAD", "CHF", "CNY", "COP", "CRC", "CZK", "DKK", "DOP", "EGP", "EUR", "GBP", "GEL", "GHS", "GTQ", "HKD", "HUF", "IDR", "ILS",
        "INR", "KES", "KZT", "LKR", "MAD", "MDL", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "SAR", "SEK", "SGD", "THB", "TRY", "TWD",
        "TZS", "UAH", "USD", "UYU", "UZS", "ZAR",
    ];

    private static readonly string[] OfNone = ["CLP", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF"];

    private static readonly string[] OfThree = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

    private static readonly FrozenDictionary<string, Currency> All =
        OfTwo.Select(c => new Currency(c, 2)).Concat(OfNone.Select(c => new Currency(c, 0))).Concat(OfThree.Select(c => new Currency(c, 3))).ToFrozenDictionary(c => c.Code);

    private Currency(string code, int digits) => (Code, Digits) = (code, digits);

    public static Currency Usd { get; } = All["USD"];

    public string Code { get; }

    /// <summary>Digits after the point: 0, 2 or 3.</summary>
    public int Digits { get; }

    /// <summary>Finds a currency by its code in capitals.</summary>
    public static bool TryFind(string? code, [NotNullWhen(true)] out Currency? currency)
    {
        currency = null;
        return code is not null && All.TryGetValue(code, out currency);
    }

    /// <summary>The one rounding of amounts of money: to the minor unit, halves to the even neighbour.</summary>
    public decimal Round(decimal amount) => decimal.Round(amount, Digits, MidpointRounding.ToEven);

    public override string ToString() => Code;
}
