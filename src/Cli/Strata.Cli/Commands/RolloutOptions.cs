using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary>What is rolled out, to whom, how: the options of plan, draft and start.</summary>
internal sealed class RolloutOptions
{
    private readonly Option<string?> artifact = new("--artifact") { Description = "Its id, see 'strata artifacts list'." };
    private readonly Option<string?> layer = new("--layer") { Description = "A layer of configuration (tenant, group/ID, site/PATH, device/ID) in place of an artifact and devices: it is for whom the layer concerns." };
    private readonly Option<string?> content = new("--content") { Description = "JSON of what the layer is to say, in place of what it says; '-' reads it from the input.", HelpName = "FILE" };
    private readonly Option<bool> delete = new("--delete") { Description = "The layer goes: devices get what the others come to, and in the end it is deleted." };
    private readonly Option<string?> query = new("--query") { Description = "Which devices, as in 'strata devices list --query'; those that match later join." };
    private readonly Option<string[]> device = new("--device") { Description = "A device in place of a query; may be repeated." };
    private readonly Option<string?> name = new("--name") { Description = "For people." };
    private readonly Option<string?> mode = new("--mode") { Description = "soft (the device chooses when), forced (now), downloadOnly; soft unless given." };
    private readonly Option<bool> bySite = new("--by-site") { Description = "Rings are whole places." };
    private readonly Option<int> siteDepth = new("--site-depth") { Description = "Of how many segments such a place is: 1 for hq out of hq/floor-1.", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> rings = new("--rings") { Description = "SHARE:SOAK,...; '1%:48h,10%:72h,50%:96h,100%:120h' unless given." };
    private readonly Option<int?> inFlight = new("--in-flight") { Description = "Devices between offer and outcome at a time; 2000 unless given." };
    private readonly Option<int?> perMinute = new("--per-minute") { Description = "Offers in a minute; 1000 unless given." };
    private readonly Option<int?> perGateway = new("--per-gateway") { Description = "Devices at a time behind one gateway; 50 unless given." };
    private readonly Option<TimeSpan?> confirmWithin = CommandsCommand.Duration("--confirm-within", "Within what time of its start a new version must have proved itself, 10s to 1d; 5m unless given.");
    private readonly Option<bool> noApproval = new("--no-approval") { Description = "Nobody else need say yes." };
    private readonly Option<bool> inWindows = new("--in-windows") { Description = "Only within maintenance windows." };
    private readonly Option<bool> rollBack = new("--roll-back-on-abort") { Description = "When the gate stops it, take its devices back at once. Once: what is left then is for 'strata rollout rollback', as is what you abort yourself." };
    private readonly Option<double?> limit = new("--installation-limit") { Description = "Part of installations that may fail; 0.001 unless given." };
    private readonly Option<double?> alarms = new("--false-alarms") { Description = "Part of good builds that the health rule may stop; 0.01 unless given." };

    public RolloutOptions(Command command)
    {
        foreach (var option in new Option[] { artifact, layer, content, delete, query, device, name, mode, bySite, siteDepth, rings, inFlight, perMinute, perGateway, confirmWithin, noApproval, inWindows, rollBack, limit, alarms })
            command.Options.Add(option);
    }

    public async Task<CreateRollout> ReadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var what = (Artifact: parsed.GetValue(artifact), Layer: parsed.GetValue(layer), Content: parsed.GetValue(content), Delete: parsed.GetValue(delete));
        if (what is not ({ }, null, null, false) and not (null, { }, { }, false) and not (null, { }, null, true))
            throw new CliException(ExitCode.Usage, "Say what is rolled out by --artifact ID, or by --layer LAYER and --content FILE or --delete.");
        var configuration = what.Layer is not { } of ? null : what.Content is { } file ? new RolloutConfiguration(of, Json(await ShadowCommand.ReadAsync(file, cancellationToken))) : new RolloutConfiguration(of, Delete: true);
        var devices = parsed.GetValue(device) is { Length: > 0 } named ? named : null;
        return new CreateRollout(
            what.Artifact, parsed.GetValue(query), devices, parsed.GetValue(name), parsed.GetValue(mode), parsed.GetValue(bySite),
            parsed.GetValue(siteDepth), Rings(parsed.GetValue(rings)), parsed.GetValue(inFlight), parsed.GetValue(perMinute), parsed.GetValue(perGateway), parsed.GetValue(noApproval) ? false : null, parsed.GetValue(inWindows),
            parsed.GetValue(rollBack), parsed.GetValue(limit), parsed.GetValue(alarms), parsed.GetValue(confirmWithin), configuration);
    }

    private static JsonElement Json(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException wrong)
        {
            throw new CliException(ExitCode.Usage, $"What the layer is to say is no JSON: {wrong.Message}");
        }
    }

    private static RolloutRingPlan[]? Rings(string? text) => text?.Split(',', StringSplitOptions.TrimEntries).Select(part =>
    {
        var at = part.IndexOf(':', StringComparison.Ordinal);
        var percent = at > 0 && part[at - 1] == '%';
        if (at <= 0 || !double.TryParse(part[..at].TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) || !DurationText.TryParse(part.AsSpan(at + 1), out var soak))
            throw new CliException(ExitCode.Usage, $"'{part}' is no ring; write 1%:48h.");
        return new RolloutRingPlan(percent ? share / 100 : share, soak);
    }).ToArray();
}
