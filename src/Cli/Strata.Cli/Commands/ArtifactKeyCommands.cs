using System.CommandLine;
using System.Text;
using Strata.Cli.Artifacts;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Updates.Manifests;

namespace Strata.Cli.Commands;

/// <summary><c>strata artifacts keys</c>: by whose signatures manifests are believed.</summary>
internal static class ArtifactKeyCommands
{
    private static readonly Column<ArtifactKeyInfo>[] Columns =
    [
        new("id", k => k.Id), new("algorithm", k => k.Algorithm), new("signs from", k => OutputWriter.Time(k.NotBefore)), new("until", k => OutputWriter.Time(k.NotAfter)), new("added", k => OutputWriter.Time(k.Added)), new("by", k => k.AddedBy),
    ];

    public static Command Create() => new("keys", "Public keys by which manifests are believed; private ones stay where they were made.") { CreateAdd(), CreateList(), CreateDelete(), CreateRing(), CreateThreshold() };

    private static Command CreateAdd()
    {
        var file = new Argument<string>("file") { Description = "The private key (ID.key.pem); only its public half is sent." };
        var from = new Option<DateTimeOffset?>("--not-before") { Description = "It signs from then on." };
        var until = new Option<DateTimeOffset?>("--not-after") { Description = "It signs until then; what it signed before is believed on." };
        var command = new Command("add", "Give the node the public half of a key, or change how long the key signs.") { file, from, until };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var key = SigningKey.Read(parsed.GetValue(file)!);
            var saved = await node.Connect(parsed).SaveArtifactKeyAsync(
                key.Id, new SaveArtifactKey(key.Algorithm, Convert.ToBase64String(key.PublicKey), parsed.GetValue(from), parsed.GetValue(until)), cancellationToken);
            node.Writer(parsed).One(saved, ContractsJson.Default.ArtifactKeyInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts keys add ./keys/k1.key.pem", "strata artifacts keys add ./keys/k1.key.pem --not-after 2027-01-01");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List keys.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListArtifactKeysAsync(cancellationToken)).Items, ContractsJson.Default.ArtifactKeyInfo, "no keys; 'strata artifacts keygen ID' makes one", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts keys list");
    }

    private static Command CreateDelete()
    {
        var id = new Argument<string>("id") { Description = "The key's name." };
        var command = new Command("delete", "Take a key back: what it signed is not believed any more.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteArtifactKeyAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(id)} is taken back; devices have it until their ring changes: write it ('strata artifacts keys ring'), add it as the component '{RingUpdate.Component}' and roll it out");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts keys delete k1");
    }

    private static Command CreateRing()
    {
        var file = new Option<string>("--out") { Description = "Where the ring is written.", Required = true, HelpName = "FILE" };
        var command = new Command("ring", "Write the ring that devices are given: the keys and how many must have signed. As keys.json at first, later by a rollout of the component 'keys'.") { file };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var keys = (await client.ListArtifactKeysAsync(cancellationToken)).Items;
            var ring = new KeyRing([.. keys.Select(k => new TrustedKey(k.Id, k.Algorithm, Convert.FromBase64String(k.PublicKey), k.NotBefore, k.NotAfter))], (await client.GetArtifactPolicyAsync(cancellationToken)).Threshold);
            if (ring.Keys.Count == 0)
                throw new CliException(ExitCode.Failed, "there are no keys; 'strata artifacts keygen ID' makes one, 'strata artifacts keys add FILE' gives it to the node.");
            await File.WriteAllTextAsync(parsed.GetValue(file)!, Encoding.UTF8.GetString(KeyRingText.Write(ring)), cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(file)}: {ring.Keys.Count} keys, {ring.Threshold} must have signed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts keys ring --out keys.json", "strata artifacts add ring-2.json --component keys --version 2 --model T-100 --key keys/k1.key.pem");
    }

    private static Command CreateThreshold()
    {
        var count = new Argument<int>("count") { Description = "1 or 2." };
        var command = new Command("threshold", "Say how many different keys must have signed a manifest.") { count };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var policy = await node.Connect(parsed).SaveArtifactPolicyAsync(new ArtifactPolicy(parsed.GetValue(count)), cancellationToken);
            node.Writer(parsed).Note($"{policy.Threshold} must have signed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata artifacts keys threshold 2");
    }
}
