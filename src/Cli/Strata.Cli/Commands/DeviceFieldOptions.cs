using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary>The options that say what is to be changed of a device, or of many.</summary>
internal sealed class DeviceFieldOptions
{
    private readonly Option<string?> site = new("--site") { Description = "The place it is in; \"\" for none." };
    private readonly Option<string?> model = new("--model") { Description = "What it is; \"\" for nothing." };
    private readonly Option<TimeSpan?> heartbeat = new("--heartbeat") { Description = "Longest silence when it is healthy: hh:mm:ss." };
    private readonly Option<string?> power = new("--power-profile") { Description = "How it lives on its power; \"\" for unknown." };
    private readonly Option<string[]> tag = new("--tag") { Description = "NAME=VALUE; may be repeated.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> untag = new("--untag") { Description = "The name of a tag to remove; may be repeated.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> group = new("--group") { Description = "A group to put it into; may be repeated.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> ungroup = new("--ungroup") { Description = "A group to take it out of; may be repeated.", Arity = ArgumentArity.ZeroOrMore };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { site, model, heartbeat, power, tag, untag, group, ungroup })
            command.Options.Add(option);
    }

    public ChangeDevice Read(ParseResult parsed)
    {
        var tags = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var text in parsed.GetValue(tag) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            tags[equals > 0 ? text[..equals] : throw new CliException(ExitCode.Usage, $"--tag {text}: write NAME=VALUE.")] = text[(equals + 1)..];
        }
        foreach (var name in parsed.GetValue(untag) ?? [])
            tags[name] = null;
        return new ChangeDevice
        {
            Site = parsed.GetValue(site), Model = parsed.GetValue(model), Heartbeat = parsed.GetValue(heartbeat), PowerProfile = parsed.GetValue(power),
            Tags = tags.Count == 0 ? null : tags,
            AddGroups = parsed.GetValue(group) is { Length: > 0 } added ? added : null,
            RemoveGroups = parsed.GetValue(ungroup) is { Length: > 0 } removed ? removed : null,
        };
    }
}
