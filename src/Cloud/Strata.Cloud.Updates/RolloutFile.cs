using System.Globalization;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Yaml;
using Strata.Core;
using Strata.Core.Configuration;
using Strata.Core.Devices;

namespace Strata.Cloud.Updates;

/// <summary>Reads a file's <c>rollouts:</c>.</summary>
internal static class RolloutFile
{
    private static readonly TimeSpan LongestSoak = TimeSpan.FromDays(365);

    /// <summary>Reads the section, or says what is wrong first: <c>FILE:LINE:COLUMN: FIELD: what is wrong</c>. Pure: which artifacts and devices there are does not matter here.</summary>
    public static Outcome<IReadOnlyList<CreateRollout>> Read(string file, string yaml)
    {
        try
        {
            string? tenant = null;
            var rollouts = new Dictionary<string, CreateRollout>(StringComparer.Ordinal);
            foreach (var document in YamlTree.Read(file, yaml))
            {
                foreach (var (node, at) in DescriptionFile.Open(file, document, ref tenant, DescriptionFile.Sections).Items("rollouts"))
                {
                    var fields = new YamlFields(file, at, node, "name", "artifact", "layer", "content", "delete", "query", "devices", "mode", "bySite", "siteDepth", "rings", "inFlight", "perMinute", "perGateway", "approval", "inWindows", "rollBackOnAbort", "installationLimit", "falseAlarms", "confirmWithin");
                    var rollout = ReadRollout(file, fields);
                    if (!rollouts.TryAdd(rollout.Name!, rollout))
                        throw fields.Wrong("name", $"rollout '{rollout.Name}' stands in the file twice.");
                }
            }
            return rollouts.Values.ToList();
        }
        catch (YamlFileException wrong)
        {
            return wrong.ToProblem();
        }
    }

    private static CreateRollout ReadRollout(string file, YamlFields fields)
    {
        var devices = fields.Texts("devices", static t => DeviceId.Parse(t).Value);
        var rings = fields.Items("rings").Select(r => ReadRing(new YamlFields(file, r.Path, r.Node, "share", "soak", "minimum"))).ToList();
        var (artifact, layer) = (fields.Text("artifact"), fields.Text("layer", LayerId.MaxLength));
        if ((artifact is null) == (layer is null))
            throw fields.Wrong(artifact is null ? "artifact" : "layer", "say what is rolled out by 'artifact', or by 'layer' and 'content' or 'delete', one of both.");
        return new CreateRollout(
            artifact, fields.Text("query", 4_000), devices.IsEmpty ? null : devices, fields.RequiredText("name"), fields.Text("mode"), Truth(fields, "bySite") ?? false, Number(fields, "siteDepth") ?? 1,
            rings.Count == 0 ? null : rings, Number(fields, "inFlight"), Number(fields, "perMinute"), Number(fields, "perGateway"), Truth(fields, "approval"), Truth(fields, "inWindows") ?? false, Truth(fields, "rollBackOnAbort") ?? false,
            Fraction(fields, "installationLimit"), Fraction(fields, "falseAlarms"), fields.Duration("confirmWithin", TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)),
            layer is null ? null : Configuration(layer, fields));
    }

    private static RolloutConfiguration Configuration(string layer, YamlFields fields)
    {
        var (said, delete) = (fields.Find("content"), Truth(fields, "delete") ?? false);
        if (delete == said is not null)
            throw fields.Wrong(delete ? "delete" : "content", "say what the layer is to say by 'content', or 'delete: true', one of both.");
        if (said is null)
            return new RolloutConfiguration(layer, Delete: true);
        using var content = JsonDocument.Parse(YamlJson.Write(said));
        return new RolloutConfiguration(layer, content.RootElement.Clone());
    }

    private static RolloutRingPlan ReadRing(YamlFields fields) => new(
        Fraction(fields, "share") ?? throw fields.Wrong("share", "'share' is missing: 1%, 100%."), fields.Duration("soak", TimeSpan.Zero, LongestSoak) ?? throw fields.Wrong("soak", "'soak' is missing: how long the ring is watched."), Number(fields, "minimum"));

    private static bool? Truth(YamlFields fields, string field) =>
        fields.Text(field) switch { null => null, "true" => true, "false" => false, var other => throw fields.Wrong(field, $"'{other}' is neither true nor false.") };

    private static int? Number(YamlFields fields, string field) => fields.Text(field) is not { } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw fields.Wrong(field, $"'{text}' is no whole number.");

    /// <summary><c>1%</c> or <c>0.01</c>.</summary>
    private static double? Fraction(YamlFields fields, string field)
    {
        if (fields.Text(field) is not { } text)
            return null;
        var percent = text.EndsWith('%');
        return double.TryParse(percent ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? (percent ? number / 100 : number)
            : throw fields.Wrong(field, $"'{text}' is no share; write 1% or 0.01.");
    }
}
