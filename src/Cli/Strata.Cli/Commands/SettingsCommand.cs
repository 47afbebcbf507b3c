using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Strata.Cli.Output;
using Strata.Node.Settings;

namespace Strata.Cli.Commands;

/// <summary><c>--set SECTION.NAME=VALUE</c> of a node.</summary>
internal sealed class SetOption
{
    private readonly Option<string[]> option = new("--set") { Description = "Set a limit or an interval; may be repeated. 'settings' lists them.", HelpName = "SECTION.NAME=VALUE" };
    private readonly IReadOnlyList<SettingSection> sections;

    public SetOption(Command command, IReadOnlyList<SettingSection> sections)
    {
        this.sections = sections;
        command.Options.Add(option);
    }

    public NodeSettings Of(ParseResult parsed)
    {
        try
        {
            return NodeSettings.Parse(parsed.GetValue(option) ?? [], sections);
        }
        catch (ArgumentException e)
        {
            throw new CliException(ExitCode.Usage, $"--set: {e.Message}");
        }
    }
}

/// <summary><c>strata cloud settings</c>, <c>strata fog settings</c>: what there is to set.</summary>
internal static class SettingsCommand
{
    public static Command Create(string node, IReadOnlyList<SettingSection> sections)
    {
        var like = new Argument<string?>("name") { Description = "Those with this in their name.", Arity = ArgumentArity.ZeroOrOne };
        var format = new Option<string>("--output", "-o") { Description = "table, json or csv.", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        var command = new Command("settings", "List the limits and intervals that --set takes, with what holds unless they are given.") { like, format };
        command.SetAction(parsed =>
        {
            var texts = new SettingTexts();
            var rows = sections.SelectMany(s => s.Settings).Where(s => parsed.GetValue(like) is not { } part || s.Name.Contains(part, StringComparison.OrdinalIgnoreCase))
                .Select(s => new SettingInfo(s.Name, s.Default, s.Takes, texts.Of(s))).ToList();
            new OutputWriter(Enum.Parse<OutputFormat>(parsed.GetValue(format)!, ignoreCase: true), parsed.InvocationConfiguration.Output).List(
                rows, SettingJson.Default.SettingInfo, "there is no such setting", new("name", s => s.Name), new("unless given", s => s.Default), new("what", s => s.What));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, $"strata {node} settings", $"strata {node} settings artifacts", $"strata {node} settings -o json");
    }
}

/// <param name="Default">What holds unless it is given.</param>
/// <param name="Takes">What values look like; the range is in <paramref name="What"/>.</param>
internal sealed record SettingInfo(string Name, string Default, string Takes, string What);

/// <summary>What settings are, in the words of the documentation that lies beside the program.</summary>
internal sealed partial class SettingTexts
{
    private readonly Dictionary<Type, IReadOnlyDictionary<string, string>> read = [];

    /// <returns>Empty where it is not there.</returns>
    public string Of(Setting setting)
    {
        var (options, property) = setting.Source;
        if (!read.TryGetValue(options, out var texts))
            read[options] = texts = Read(options);
        return texts.GetValueOrDefault($"P:{options.FullName}.{property}", "");
    }

    private static Dictionary<string, string> Read(Type options)
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{options.Assembly.GetName().Name}.xml");
        return File.Exists(file)
            ? XDocument.Load(file).Descendants("member").Where(m => m.Attribute("name")!.Value.StartsWith($"P:{options.FullName}.", StringComparison.Ordinal))
                .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("summary") is { } summary ? Plain(summary) : "", StringComparer.Ordinal)
            : [];
    }

    private static string Plain(XElement summary)
    {
        foreach (var see in summary.Descendants().Where(e => e.IsEmpty).ToList())
            see.ReplaceWith(((see.Attribute("cref")?.Value.Split('(')[0] ?? see.Attribute("langword")?.Value ?? see.Attribute("name")?.Value ?? "").Split('.', ':')[^1]));
        return Spaces().Replace(summary.Value, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SettingInfo))]
internal sealed partial class SettingJson : JsonSerializerContext;
