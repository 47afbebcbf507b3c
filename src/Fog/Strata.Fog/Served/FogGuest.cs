using System.Globalization;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Fog.Served;

/// <summary>Another tenant whose devices the gateway serves, beside its own and apart from them.</summary>
/// <param name="Name">What the gateway's operator calls it, in the data folder, the log and health. The rules of a tenant's id.</param>
/// <param name="Share">How much of the gateway's capacity it has, percent; it never gets more, also when nobody else needs it.</param>
/// <param name="Site">The place of that tenant which the gateway serves; needed until it has joined once.</param>
/// <param name="JoinToken">From that tenant; needed until it has joined once.</param>
/// <param name="Id">The id that it wishes in that tenant; null lets the cloud choose one from the place.</param>
public sealed record FogGuest(string Name, double Share, string? Site = null, string? JoinToken = null, string? Id = null)
{
    private const string Form = "NAME,share=PERCENT,site=PATH,join-token=TOKEN[,id=ID]";

    /// <summary>Reads <c>NAME,share=30,site=garage,join-token=TOKEN,id=gw-2</c>; what follows the name stands in any order.</summary>
    /// <exception cref="FogConfigurationException">It is not of that form; the message says what is wrong.</exception>
    public static FogGuest Parse(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var guest = new FogGuest(parts[0], 0);
        foreach (var part in parts.Skip(1))
        {
            var (key, value) = part.IndexOf('=') is > 0 and var at ? (part[..at], part[(at + 1)..]) : (part, "");
            guest = key switch
            {
                _ when value.Length == 0 => throw Wrong(text, $"'{key}' has no value"),
                "share" when double.TryParse(value.TrimEnd('%'), NumberStyles.Float, CultureInfo.InvariantCulture, out var share) => guest with { Share = share },
                "share" => throw Wrong(text, $"share is '{value}' and takes a number of percent"),
                "site" => guest with { Site = value },
                "join-token" => guest with { JoinToken = value },
                "id" => guest with { Id = value },
                _ => throw Wrong(text, $"'{key}' is not known"),
            };
        }
        guest.Validate();
        return guest;
    }

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        if (!TenantId.TryParse(Name, out _))
            throw Wrong(Name, "its name takes letters, digits and . _ - (at most 64)");
        if (!(Share is >= CapacityShare.Least and <= 100 - CapacityShare.Least))
            throw Wrong(Name, FormattableString.Invariant($"its share is {Share} and must be from {CapacityShare.Least} to {100 - CapacityShare.Least} percent"));
        if (Site is not null && !SiteId.TryParse(Site, out _))
            throw Wrong(Name, $"site is '{Site}' and takes the path of a place, for example garage/level-1");
        if (Id is not null && !GatewayId.TryParse(Id, out _))
            throw Wrong(Name, $"id is '{Id}' and takes letters, digits and . _ : - (at most 128)");
    }

    // Whoever reads the message must not find a token in it.
    private static FogConfigurationException Wrong(string guest, string problem) => new($"--guest {guest.Split(',')[0]}: {problem}. Its form is {Form}.");
}
