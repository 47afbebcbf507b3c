using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cli.Processes;
using Strata.Core.Updates.Manifests;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>
/// The supervisor and the agent as real processes. What they talk to is mosquitto, with a foreign client behind it that says what a cloud says of jobs, and a plain web server. A version is a script that starts the agent.
/// </summary>
public sealed class AgentUpdateTests : IAsyncDisposable
{
    private readonly Installation installation = new();
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ConcurrentDictionary<string, byte[]> files = new();
    private readonly ConcurrentQueue<(string State, string? Reason, string Version)> reports = new();
    private readonly int mqttPort = FreePort.Draw();
    private Process? broker;
    private WebApplication? web;
    private IMqttClient? cloud;
    private int downloads;
    private volatile string job = """{"job":null}""";
    private volatile string offered = "";
    private volatile Action<string> onReport = _ => { };

    private string Updates => Path.Combine(installation.Folder, "updates");

    private static string Good(string version) => $"#!/bin/sh\n# {version}\nexec \"{Installation.Executable}\" edge \"$@\"\n";

    [Fact]
    public async Task A_good_version_takes_over_and_a_bad_one_goes_back_by_itself()
    {
        await StartAsync();
        await using var device = await SuperviseAsync();
        Offer("j0", "2.0", Good("2.0"), mode: "downloadOnly");
        Assert.Equal("1.0", (await FinalAsync("succeeded")).Version);

        reports.Clear();
        Offer("j1", "2.0", Good("2.0"));
        await FinalAsync("succeeded");
        Assert.Equal(1, Volatile.Read(ref downloads));
        Assert.Equal(["downloading", "installing", "trial", "succeeded"], reports.Select(r => r.State).Distinct());
        Assert.Equal("2.0", reports.Last().Version);

        reports.Clear();
        Offer("j2", "3.0", "#!/bin/sh\nexit 3\n");
        var ended = await FinalAsync("rolledBack");
        Assert.Equal(("2.0", true), (ended.Version, ended.Reason!.Contains("it ended with 3", StringComparison.Ordinal)));

        reports.Clear();
        Offer("j3", "3.1", "#!/bin/sh\nexec sleep 1000\n");
        ended = await FinalAsync("rolledBack");
        Assert.Equal(("2.0", true), (ended.Version, ended.Reason!.Contains("was not confirmed within 10 s", StringComparison.Ordinal)));

        reports.Clear();
        Offer("j4", "3.2", Good("3.2"), by: ECDsa.Create(ECCurve.NamedCurves.nistP256));
        ended = await FinalAsync("failed");
        Assert.Contains("the signature of key 'k1' is wrong", ended.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("downloading")]
    [InlineData("installing")]
    [InlineData("trial")]
    public async Task Killed_with_its_supervisor_in_any_phase_it_goes_on(string phase)
    {
        await StartAsync();
        await using var device = await SuperviseAsync();
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        onReport = state =>
        {
            if (state == phase && killed.TrySetResult())
            {
                Process.GetProcessById(device.Id!.Value).Kill();
                Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(Updates, "program.pid")))).Kill();
            }
        };
        Offer("j1", "2.0", Good("2.0"));
        await killed.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        await using var again = await SuperviseAsync();
        Assert.Equal("2.0", (await FinalAsync("succeeded")).Version);
    }

    [Fact]
    public async Task One_that_hangs_after_it_has_proved_itself_is_started_again()
    {
        await StartAsync();
        await using var device = await SuperviseAsync("--watchdog", "10s");
        var first = await File.ReadAllTextAsync(Path.Combine(Updates, "program.pid"), TestContext.Current.CancellationToken);
        Assert.Equal(0, (await Tool.RunAsync("sh", ["-c", $"kill -STOP {first}"])).ExitCode);
        var second = await Eventually.IsAsync(() => File.ReadAllTextAsync(Path.Combine(Updates, "program.pid")), id => id.Length > 0 && id != first, "another process in the place of the one that hangs");
        Assert.False(Directory.Exists($"/proc/{first}"));
        Offer("j1", "2.0", Good("2.0"));
        Assert.Equal("2.0", (await FinalAsync("succeeded")).Version);
        Assert.NotEqual(second, await File.ReadAllTextAsync(Path.Combine(Updates, "program.pid"), TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await installation.DisposeAsync();
        cloud?.Dispose();
        if (web is not null)
            await web.DisposeAsync();
        if (broker is not null)
        {
            broker.Kill();
            broker.Dispose();
        }
        key.Dispose();
    }

    private async Task<StrataProcess> SuperviseAsync(params string[] more)
    {
        var data = Directory.CreateDirectory(Path.Combine(installation.Folder, "agent")).FullName;
        var secret = Path.Combine(installation.Folder, "device.secret");
        await File.WriteAllTextAsync(secret, "anything");
        var first = Path.Combine(installation.Folder, "first.sh");
        await File.WriteAllTextAsync(first, Good("1.0"));
        var device = installation.Create($"device-{Guid.NewGuid():N}", [
            "edge", "supervise", "--updates", Updates, "--install", first, "--install-version", "1.0", "--until-stdin-closes", .. more, "--", "--data", data, "--device", "d-1",
            "--secret-file", secret, "--to", $"mqtt://127.0.0.1:{mqttPort}", "--source", "host", "--updates-from", web!.Urls.First(), "--model", "T-100", "--ask-every", "10s", "--flush-limit", "100ms"]);
        await device.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        return device;
    }

    private async Task StartAsync()
    {
        Tool.Require("mosquitto");
        Directory.CreateDirectory(Updates);
        await File.WriteAllBytesAsync(Path.Combine(Updates, "keys.json"), KeyRingText.Write(new KeyRing([new("k1", "ecdsa-p256", key.ExportSubjectPublicKeyInfo(), null, null)], 1)));
        broker = Tool.Start(File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto", ["-p", mqttPort.ToString()]);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        web = builder.Build();
        web.MapGet("/artifacts/{sha256}", (string sha256) =>
        {
            Interlocked.Increment(ref downloads);
            return files.TryGetValue(sha256, out var bytes) ? Results.Bytes(bytes, enableRangeProcessing: true) : Results.NotFound();
        });
        await web.StartAsync(TestContext.Current.CancellationToken);
        cloud = new MqttClientFactory().CreateMqttClient();
        cloud.ApplicationMessageReceivedAsync += HearAsync;
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", mqttPort).Build();
        await Eventually.IsAsync(async () => await TryConnectAsync(options), connected => connected, "mosquitto");
        await cloud.SubscribeAsync("devices/d-1/jobs/#", MqttQualityOfServiceLevel.AtLeastOnce, TestContext.Current.CancellationToken);
    }

    private async Task<bool> TryConnectAsync(MqttClientOptions options)
    {
        try
        {
            await cloud!.ConnectAsync(options, TestContext.Current.CancellationToken);
            return true;
        }
        catch (MQTTnet.Exceptions.MqttCommunicationException)
        {
            return false;
        }
    }

    private void Offer(string id, string version, string script, ECDsa? by = null, string mode = "soft")
    {
        var bytes = Encoding.UTF8.GetBytes(script);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        files[sha256] = bytes;
        var manifest = ManifestWriter.Write(new UpdateManifest
        {
            Component = "edge", Version = version, Models = ["T-100"], Counter = 0, Sha256 = sha256, Size = bytes.Length, Created = TimeProvider.System.GetUtcNow(),
        });
        var signature = (by ?? key).SignData(manifest, HashAlgorithmName.SHA256);
        job = $$"""
            {"job":"{{id}}","kind":"update","attempt":1,"mode":"{{mode}}","component":"edge","version":"{{version}}","manifest":"{{Convert.ToBase64String(manifest)}}",
             "signatures":[{"key":"k1","algorithm":"ecdsa-p256","signature":"{{Convert.ToBase64String(signature)}}"}],"artifact":{"sha256":"{{sha256}}","size":{{bytes.Length}},"url":"/artifacts/{{sha256}}"},"delta":null,"confirmWithin":10}
            """;
        by?.Dispose();
        offered = id;
        _ = SayAsync("notify", $$"""{"job":"{{id}}"}""");
    }

    private async Task HearAsync(MqttApplicationMessageReceivedEventArgs heard)
    {
        var rest = heard.ApplicationMessage.Topic["devices/d-1/jobs/".Length..];
        if (rest == "next")
        {
            await SayAsync("next/accepted", job);
        }
        else if (rest.Split('/') is [var id, "update"])
        {
            using var report = JsonDocument.Parse(heard.ApplicationMessage.ConvertPayloadToString());
            var state = report.RootElement.GetProperty("state").GetString()!;
            if (id == offered) // What has become of the one before may be said more than once.
                reports.Enqueue((state, report.RootElement.GetProperty("reason").GetString(), report.RootElement.GetProperty("version").GetString()!));
            if (id == offered && state is "succeeded" or "failed" or "rolledBack")
                job = """{"job":null}""";
            onReport(state);
            await SayAsync($"{id}/update/accepted", $$"""{"state":"{{state}}"}""");
        }
    }

    private Task<MqttClientPublishResult> SayAsync(string rest, string payload) => cloud!.PublishStringAsync($"devices/d-1/jobs/{rest}", payload, MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: CancellationToken.None);

    private async Task<(string State, string? Reason, string Version)> FinalAsync(string state)
    {
        var all = await Eventually.IsAsync(
            () => Task.FromResult(reports.ToList()), r => r.Any(x => x.State is "succeeded" or "failed" or "rolledBack"), $"the end of the job; {installation.Folder} has the logs", TimeSpan.FromMinutes(3));
        var final = all.First(x => x.State is "succeeded" or "failed" or "rolledBack");
        Assert.True(final.State == state, $"{final}");
        return final;
    }
}
