using System.Globalization;
using Strata.Cloud.Platform.Yaml;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Simulation;

namespace Strata.Cli.Simulate;

/// <summary>Reads what is wrong with a simulated build from a YAML file.</summary>
internal static class BuildFile
{
    private static readonly string[] Effects = [.. Enum.GetValues<HealthMetric>().Select(HealthMetrics.NameOf)];

    /// <exception cref="CliException">The file cannot be read or is wrong; the message says where.</exception>
    public static SimulatedBuild Read(string path)
    {
        if (!File.Exists(path))
            throw new CliException(ExitCode.Usage, $"--build is '{path}'; it takes good or a YAML file, and there is no such file.");
        try
        {
            var documents = YamlTree.Read(path, File.ReadAllText(path));
            if (documents.Count != 1)
                throw new CliException(ExitCode.Usage, $"{path}: one document was expected.");
            var top = new YamlFields(path, "", documents[0], "name", "faults");
            var faults = top.Items("faults").Select(f => ReadFault(path, f.Node, f.Path)).ToArray();
            return faults.Length is > 0 and <= 20 ? new SimulatedBuild(top.Text("name") ?? Path.GetFileNameWithoutExtension(path), faults) : throw top.Wrong("faults", "1 to 20 faults were expected; a build without any is --build good.");
        }
        catch (YamlFileException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message}");
        }
    }

    private static SimulatedFault ReadFault(string path, YamlNode node, string at)
    {
        var fields = new YamlFields(path, at, node, "share", "hardware", "after", "effect", "installation");
        var effect = fields.Text("effect") is { } name
            ? Array.IndexOf(Effects, name) is >= 0 and var index ? (HealthMetric)index : throw fields.Wrong("effect", $"'{name}' is none of {string.Join(", ", Effects)}.")
            : (HealthMetric?)null;
        var installation = fields.Text("installation") switch
        {
            null or "succeeded" => MemberState.Succeeded,
            "failed" => MemberState.Failed,
            "rolledBack" => MemberState.RolledBack,
            "unconfirmed" => MemberState.Unconfirmed,
            var other => throw fields.Wrong("installation", $"'{other}' is none of failed, rolledBack, unconfirmed."),
        };
        if (effect is null && installation == MemberState.Succeeded)
            throw fields.Wrong("effect", "a fault has an effect, or an installation that fails.");
        return new SimulatedFault(Share(fields), fields.Text("hardware"), fields.Duration("after", TimeSpan.Zero, TimeSpan.FromDays(60)) ?? TimeSpan.Zero, effect, installation);
    }

    private static double Share(YamlFields fields)
    {
        if (fields.Text("share") is not { } text)
            return 1;
        var percent = text.EndsWith('%');
        if (!double.TryParse(text.TrimEnd('%').TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) || (share /= percent ? 100 : 1) is not (> 0 and <= 1))
            throw fields.Wrong("share", $"'{text}' is no share; write 0.02 or 2%.");
        return share;
    }
}
