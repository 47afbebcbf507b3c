using System.Security.Cryptography;
using System.Text;
using Strata.Cli.Artifacts;
using Strata.Cloud.Contracts;
using Strata.Core.Updates.Manifests;

namespace Strata.Cli.Demo;

/// <summary>
/// Two rollouts over the agents of one office: a new version of the agent, then one that is bad on purpose, which the first agent goes back from by itself, so that the rest never gets it. A version is a script that
/// starts this program's agent; it is signed, downloaded through the office's gateway and proves itself in a second slot, as any firmware would.
/// </summary>
internal sealed class DemoUpdate(DemoFleet fleet, DemoNarrator narrator, TimeProvider time)
{
    private const string Component = "edge";

    /// <summary>What runs at the beginning.</summary>
    private const string FirstVersion = "1.0";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly SigningKey key = SigningKey.Make("demo", SignatureAlgorithms.EcdsaP256);
    private volatile IReadOnlyList<RolloutInfo> rollouts = [];
    private int rounds;

    /// <summary>The rollouts of this demo as they last were, the oldest first.</summary>
    public IReadOnlyList<RolloutInfo> Rollouts => rollouts;

    private DemoOffice Office => fleet.Offices[0];

    /// <summary>Runs both and waits for their ends.</summary>
    /// <exception cref="CliException">One of them has not come to its end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (rounds++ == 0)
            await PrepareAsync(cancellationToken);
        var next = rounds + 1;
        var good = await RollOutAsync($"{next}.0", fleet.AgentScript($"{next}.0"), "done", cancellationToken);
        narrator.Say($"{Office.Tenant}: every agent runs {good.Version}");
        var bad = await RollOutAsync($"{next}.1", $"#!/bin/sh\n# {next}.1, bad on purpose\nexit 3\n", "aborted", cancellationToken);
        narrator.Say($"{Office.Tenant}: {bad.Version} was stopped: {bad.Why}");
    }

    /// <summary>The agents of the office are started again, by a supervisor with two slots and the ring of keys.</summary>
    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await Office.Client.SaveArtifactKeyAsync(key.Id, new SaveArtifactKey(key.Algorithm, Convert.ToBase64String(key.PublicKey)), cancellationToken);
        var ring = KeyRingText.Write(new KeyRing([new TrustedKey(key.Id, key.Algorithm, key.PublicKey, null, null)], 1));
        await fleet.SuperviseAsync(Office, FirstVersion, ring, cancellationToken);
        narrator.Say($"{Office.Tenant}: {Office.Agents.Count} agents run {FirstVersion} from the first of two slots, each under its supervisor");
    }

    private async Task<RolloutInfo> RollOutAsync(string version, string script, string awaited, CancellationToken cancellationToken)
    {
        var artifact = await AddAsync(version, script, cancellationToken);
        var drafted = await Office.Client.CreateRolloutAsync(
            new CreateRollout(
                artifact.Id, Devices: [.. Office.Agents.Keys], Name: $"agents to {version}", Rings: [new(0.25, TimeSpan.FromSeconds(5)), new(1, TimeSpan.FromSeconds(5))], NeedsApproval: false, RollBackOnAbort: true,
                ConfirmWithin: TimeSpan.FromSeconds(30)),
            cancellationToken);
        var rollout = await Office.Client.StepRolloutAsync(drafted.Id, "start", cancellationToken: cancellationToken);
        narrator.Say($"{Office.Tenant}: {rollout.Name}, one agent first");
        var began = time.GetTimestamp();
        var others = rollouts;
        while (true)
        {
            rollouts = [.. others, rollout];
            if (rollout.State == awaited)
                return rollout;
            if (rollout.Ended is not null || time.GetElapsedTime(began) > Limit)
                throw new CliException(ExitCode.Failed, $"the rollout of {version} is {rollout.State}, not {awaited}: {rollout.Why}");
            await Task.Delay(LookEvery, time, cancellationToken);
            rollout = await LookAsync(rollout, cancellationToken);
        }
    }

    /// <summary>As it is now; as it was while the node does not answer.</summary>
    private async Task<RolloutInfo> LookAsync(RolloutInfo rollout, CancellationToken cancellationToken)
    {
        try
        {
            return await Office.Client.GetRolloutAsync(rollout.Id, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException)
        {
            return rollout;
        }
    }

    private async Task<ArtifactInfo> AddAsync(string version, string script, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(script);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        var manifest = ManifestWriter.Write(new UpdateManifest
        {
            Component = Component, Version = version, Models = [.. Office.Agents.Values.Select(a => a.Model).Distinct()], Counter = 0, Sha256 = sha256, Size = bytes.Length, Created = time.GetUtcNow(),
        });
        await Office.Client.SendArtifactContentAsync(sha256, new MemoryStream(bytes), cancellationToken);
        return await Office.Client.AddArtifactAsync(new AddArtifact(Convert.ToBase64String(manifest), [key.Sign(manifest)]), cancellationToken);
    }
}
