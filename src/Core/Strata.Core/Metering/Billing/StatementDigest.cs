using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Core.Metering.Billing;

/// <summary>SHA-256 over what a statement says and over what it was made of, in one written form each: the same content has the same digest, any change another one.</summary>
public static class StatementDigest
{
    /// <summary>Of the meter's hours, gathered (<see cref="StatementMath.Gather"/>).</summary>
    public static string OfUsage(IEnumerable<UsageHour> hours)
    {
        var text = new StringBuilder("strata usage 1\n");
        foreach (var h in hours)
        {
            text.Append(CultureInfo.InvariantCulture, $"{h.Hour.UtcDateTime:yyyy-MM-dd'T'HH} {h.MessagesIn} {h.BytesIn} {h.MessagesOut} {h.BytesOut} {h.ReadingsStored} {h.BytesStored} ");
            text.Append(CultureInfo.InvariantCulture, $"{h.ApiCalls} {h.Devices} {h.Connections} {h.StorageBytes}\n");
        }
        return Hash(text);
    }

    /// <summary>Of the whole statement: plan, lines, hours, total, and the digest of its usage.</summary>
    public static string Of(Statement statement, string usageDigest)
    {
        var text = new StringBuilder("strata statement 1\n").Append(CultureInfo.InvariantCulture, $"{statement.Tenant} {statement.Month}\n{usageDigest}\n");
        var plan = statement.Plan;
        text.Append(CultureInfo.InvariantCulture, $"plan {plan.Name} {plan.From} {plan.Currency} {Number(plan.Minimum)}\n");
        foreach (var rate in plan.Rates.OrderBy(r => r.Unit))
        {
            text.Append(CultureInfo.InvariantCulture, $"rate {(int)rate.Unit} {Number(rate.Included)}");
            foreach (var tier in rate.Tiers)
                text.Append(CultureInfo.InvariantCulture, $" {(tier.UpTo is { } end ? Number(end) : "-")}:{Number(tier.Price)}");
            text.Append('\n');
        }
        foreach (var l in statement.Lines)
            text.Append(CultureInfo.InvariantCulture, $"line {(int)l.Kind} {(int?)l.Unit ?? 0} {l.Tier} {Number(l.Quantity)} {Number(l.Price)} {Number(l.Exact)} {Number(l.Amount)} {Encoding.UTF8.GetByteCount(l.Text)} {l.Text}\n");
        foreach (var h in statement.Hours)
            text.Append(CultureInfo.InvariantCulture, $"hour {h.Hour.UtcDateTime:yyyy-MM-dd'T'HH} {(int)h.Unit} {h.Tier} {Number(h.Quantity)} {Number(h.Price)} {Number(h.Amount)}\n");
        text.Append(CultureInfo.InvariantCulture, $"total {Number(statement.Charges)} {Number(statement.Total)}\n");
        return Hash(text);
    }

    /// <summary>Without trailing zeros: 1.10 and 1.1 are the same price.</summary>
    private static string Number(decimal value) => value.ToString("0.############################", CultureInfo.InvariantCulture);

    private static string Hash(StringBuilder text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
}
