using System.Security.Cryptography;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Updates.Blocks;

namespace Strata.EndToEnd.Tests;

/// <summary>A device that has nothing but MQTT, which here is mosquitto's tools, at the cloud and at a gateway: its job and its artifact. Artifacts come by the program's own verbs.</summary>
public sealed class ArtifactBlocksTests
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Mosquitto_s_tools_bring_an_artifact_in_blocks(int gateways)
    {
        Tool.Require("mosquitto_sub");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = (await installation.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            children: [ { site: a, kind: floor }, { site: region, kind: floor } ]
            gateways: [ { id: gw-a, site: hq/a, uplink: { "*": raw } }, { id: gw-region, site: hq/region } ]
            devices: [ { id: d-1, site: hq/a, model: T-100 } ]
            """)).Secrets["d-1"];
        var region = gateways == 2 ? await installation.StartFogAsync("gw-region", "hq/region") : null;
        var port = gateways > 0 ? Installation.Port(await installation.StartFogAsync("gw-a", "hq/a", region is null ? null : $"http://{region.Ready["http"]}")) : installation.CloudMqttPort;
        string[] login = ["-h", "127.0.0.1", "-p", port.ToString(), "-u", "d-1", "-P", secret];
        await Eventually.IsAsync(
            async () => (await Tool.RunAsync("mosquitto_pub", [.. login, "-q", "1", "-t", "devices/d-1/telemetry", "-m", """{"temperature":1}"""])).ExitCode, code => code == 0, "the device's first word, before which it is told nothing");
        var bytes = RandomNumberGenerator.GetBytes(600_001);
        var artifact = await AddAsync(installation, bytes);
        var rollout = await installation.Client.CreateRolloutAsync(new CreateRollout(artifact.Id, "id=d-1", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false), Cancel);
        await installation.Client.StepRolloutAsync(rollout.Id, "start", cancellationToken: Cancel);
        using var job = await Eventually.IsAsync(() => NextAsync(login), j => j?.RootElement.GetProperty("job").ValueKind is JsonValueKind.String, "the device's job", TimeSpan.FromMinutes(1));
        Assert.Equal(artifact.Sha256, job!.RootElement.GetProperty("artifact").GetProperty("sha256").GetString());

        Assert.Equal(bytes, await BringAsync(login, artifact.Sha256, bytes.Length));

        var other = $"devices/d-1/artifacts/{new string('0', 64)}/get";
        var refused = await Tool.RunAsync("mosquitto_rr", [.. login, "-q", "1", "-t", other, "-e", $"{other}/rejected", "-m", "{}", "-W", "20"]);
        Assert.Contains("\"code\":404", refused.Output, StringComparison.Ordinal);
    }

    /// <summary>As an operator does, and again with the same file, which changes nothing.</summary>
    private static async Task<ArtifactInfo> AddAsync(Installation installation, byte[] bytes)
    {
        var (keys, file) = (Path.Combine(installation.Folder, "keys"), Path.Combine(installation.Folder, "app.bin"));
        await File.WriteAllBytesAsync(file, bytes, Cancel);
        string[] at = ["--data", installation.CloudFolder];
        await RunAsync(["artifacts", "keygen", "k1", "--out", keys]);
        await RunAsync(["artifacts", "keys", "add", Path.Combine(keys, "k1.key.pem"), .. at]);
        for (var i = 0; i < 2; i++)
            await RunAsync(["artifacts", "add", file, "--component", "app", "--version", "2.0", "--model", "T-100", "--key", Path.Combine(keys, "k1.key.pem"), .. at]);
        return Assert.Single((await installation.Client.ListArtifactsAsync(cancellationToken: Cancel)).Items);
    }

    private static async Task RunAsync(string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, arguments);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }

    private static async Task<JsonDocument?> NextAsync(string[] login)
    {
        var next = await Tool.RunAsync("mosquitto_rr", [.. login, "-q", "1", "-t", "devices/d-1/jobs/next", "-e", "devices/d-1/jobs/next/accepted", "-m", "{}", "-W", "3"]);
        return next.ExitCode == 0 && next.Output.Length > 0 ? JsonDocument.Parse(next.Output) : null;
    }

    /// <summary>Asks for what is missing until nothing is; what is asked before it listens, or while other blocks are on their way, is lost.</summary>
    private static async Task<byte[]> BringAsync(string[] login, string sha256, int length)
    {
        const int size = 4_096;
        using var listening = Tool.Start("mosquitto_sub", [.. login, "-V", "mqttv311", "-q", "1", "-t", $"devices/d-1/artifacts/{sha256}/blocks/#", "-F", "%t %x", "-W", "90"]);
        var map = new BlockMap(length, size);
        var bytes = new byte[length];
        var reading = listening.StandardOutput.ReadLineAsync(Cancel).AsTask();
        while (map.Next() is { } missing)
        {
            await Tool.RunAsync("mosquitto_pub", [.. login, "-V", "mqttv311", "-q", "1", "-t", $"devices/d-1/artifacts/{sha256}/get", "-m", System.Text.Encoding.UTF8.GetString(missing.Write())]);
            for (var left = missing.Of(length).Count(); left > 0 && await ComesAsync(reading); left--)
            {
                var line = (await reading ?? throw new TimeoutException($"{map.Count} blocks came in 90 s")).Split(' ');
                reading = listening.StandardOutput.ReadLineAsync(Cancel).AsTask();
                var (number, block) = (int.Parse(line[0].Split('/')[^1]), Convert.FromHexString(line[1]));
                if (map.Take(number, block.Length))
                    block.CopyTo(bytes, map.OffsetOf(number));
            }
        }
        listening.Kill();
        return bytes;
    }

    private static async Task<bool> ComesAsync(Task line)
    {
        try
        {
            await line.WaitAsync(AskAgain, Cancel);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
