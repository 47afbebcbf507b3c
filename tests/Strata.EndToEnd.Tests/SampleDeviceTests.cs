using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>The devices of <c>samples/</c> against a real node: one suite for every language.</summary>
public sealed class SampleDeviceTests(SampleDevices samples) : IClassFixture<SampleDevices>, IAsyncDisposable
{
    private const string Serial = "sn-000001";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly Installation installation = new();
    private readonly List<Process> running = [];

    private string Batch => Path.Combine(installation.Folder, "batch");

    private string Root => Path.Combine(installation.Folder, "root.pem");

    private string Data => Path.Combine(installation.Folder, "device");

    [Theory]
    [InlineData("c")]
    [InlineData("node")]
    public async Task It_enrols_whatever_moment_it_is_killed_sends_and_renews(string language)
    {
        var command = await StartAsync(language);
        await installation.Client.CreateDeviceAsync(new CreateDevice(Serial, null, null));

        // Killed as soon as it has a key, and as soon as it has a certificate.
        await KillAtAsync("next.key.pem", command);
        for (var late = 0; late < 10 && File.Exists(PathOf("current.pem")); late++)
        {
            Directory.Delete(Data, recursive: true); // It had its certificate before it was killed.
            await KillAtAsync("next.key.pem", command);
        }
        Assert.False(File.Exists(PathOf("current.pem")));
        await KillAtAsync("current.pem", command);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(PathOf("current.pem")));
        var device = Run(command);
        await ReadingsAsync();
        await Eventually.IsAsync(() => installation.Client.ListLatestAsync(Serial), l => l.Items.Any(i => i.Metric == "health.uptime"), "its health");

        // It renews: another serial number, and the one before goes on.
        await KillAsync(device);
        var first = SerialOf("current.pem");
        device = Run(command, "--renew-now");
        await Eventually.IsAsync(() => Task.FromResult(File.Exists(PathOf("previous.pem")) && SerialOf("current.pem") != first), static renewed => renewed, "a certificate of another serial number");
        Assert.Equal(first, SerialOf("previous.pem"));
        await ReadingsAsync();
        await KillAsync(device);
        foreach (var file in new[] { "current.pem", "previous.pem" })
            Assert.Equal(0, (await PublishAsync(PathOf(file))).ExitCode);

        // Two thirds of its life are over.
        var second = SerialOf("current.pem");
        File.SetLastWriteTimeUtc(PathOf("current.pem"), (TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(61)).UtcDateTime);
        device = Run(command);
        await Eventually.IsAsync(() => Task.FromResult(SerialOf("current.pem")), s => s != first && s != second, "the renewal that was due");
        await KillAsync(device);

        // Power was cut while what is in use was replaced: what was before it works. Both revoked: its birth gives it another.
        await File.WriteAllTextAsync(PathOf("current.pem"), "-----BEGIN PRIVATE KEY-----\ncut sh", TestContext.Current.CancellationToken);
        device = Run(command);
        await ReadingsAsync();
        await KillAsync(device);
        foreach (var certificate in (await installation.Client.ListCertificatesAsync(Serial)).Items.Where(c => c.Use == "operational" && c.Standing == "good"))
            await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(certificate.Serial, Reason: "superseded"));
        device = Run(command);
        await ReadingsAsync();
        device.Kill();
    }

    [Theory]
    [InlineData("c")]
    [InlineData("node")]
    public async Task It_says_why_it_is_refused_and_wipes_itself_when_it_is_told_to(string language)
    {
        var command = await StartAsync(language);

        // Nobody has registered it.
        var refused = await EndAsync(Run(command));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"no certificate was given to {Serial}: The device may not enrol", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("current.pem")));
        Assert.Equal(2, (await Tool.RunAsync(command[0], [.. command[1..], "--to", "127.0.0.1:1"])).ExitCode);
        var nowhere = await EndAsync(Run(command, "--birth", "/nowhere.pem"));
        Assert.Equal(2, nowhere.ExitCode);
        Assert.Contains("/nowhere.pem", nowhere.Error, StringComparison.Ordinal);

        // A claim certificate, which many share, and a template that lets it in.
        await File.WriteAllTextAsync(Path.Combine(installation.Folder, "templates.yaml"), """
            apiVersion: strata/v1
            templates:
              - name: line-2
                match: { serial: { from: c-001, to: c-100 } }
                assign: { name: "hall-{serial}" }
            """, TestContext.Current.CancellationToken);
        await installation.OkAsync("templates", "apply", Path.Combine(installation.Folder, "templates.yaml"));
        var (claim, key) = (Path.Combine(Batch, "claim.crt.pem"), Path.Combine(Batch, "claim.key.pem"));
        await Tool.RunAsync("openssl", ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", Path.Combine(Batch, "claim.csr"), "-subj", "/CN=line-2"]);
        await installation.OkAsync("certificates", "claim", "line-2", "--csr", Path.Combine(Batch, "claim.csr"), "--out", claim);
        string[] claiming = [.. command, "--to", installation.Cloud.Ready["mqtts"], "--ca", Root, "--data", Data, "--interval", "1", "--birth", claim, "--birth-key", key, "--serial"];
        Assert.Equal(1, (await EndAsync(Start([.. claiming, "x-9"]))).ExitCode);
        var device = Start([.. claiming, "c-001"]);
        await ReadingsAsync("hall-c-001");

        // Told to wipe itself: it answers, and nothing of its identity is left.
        await installation.OkAsync("devices", "decommission", "hall-c-001", "--cause", "scrapped", "--wait");
        var wiped = await EndAsync(device);
        Assert.True(wiped.ExitCode == 3, $"{wiped.ExitCode}: {wiped.Error}");
        Assert.Equal(["wiped"], Directory.GetFiles(Data).Select(Path.GetFileName));
        Assert.Contains("""\u0022wiped\u0022:true""", await installation.OkAsync("devices", "erasure", "hall-c-001"), StringComparison.Ordinal);

        // It stays away; and where it does not, it is not let in.
        var again = await EndAsync(Start([.. claiming, "c-001"]));
        Assert.Equal(3, again.ExitCode);
        Assert.Contains("it was wiped", again.Error, StringComparison.Ordinal);

        // Killed after it was marked and before it was done: the next start finishes, though nobody hears it any more.
        await installation.Client.CreateDeviceAsync(new CreateDevice(Serial, null, null));
        File.Delete(PathOf("wiped"));
        await KillAtAsync("current.pem", command);
        await File.WriteAllTextAsync(PathOf("wiping"), "x1", TestContext.Current.CancellationToken);
        Assert.Equal(3, (await EndAsync(Run(command))).ExitCode);
        Assert.Equal(["wiped"], Directory.GetFiles(Data).Select(Path.GetFileName));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in running)
        {
            process.Kill();
            process.Dispose();
        }
        await installation.DisposeAsync();
    }

    private async Task<string[]> StartAsync(string language)
    {
        var command = samples.Require(language);
        Tool.Require("mosquitto_pub");
        Tool.Require("openssl");
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(Root, (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await installation.OkAsync("factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", Batch);
        return command;
    }

    private Process Run(string[] command, params string[] further) => Start(
    [
        .. command, "--to", installation.Cloud.Ready["mqtts"], "--ca", Root, "--birth", Path.Combine(Batch, $"{Serial}.crt.pem"), "--birth-key", Path.Combine(Batch, $"{Serial}.key.pem"), "--serial", Serial,
        "--data", Data, "--interval", "1", .. further,
    ]);

    private Process Start(string[] command)
    {
        var process = Tool.Start(command[0], command[1..]);
        running.Add(process);
        return process;
    }

    /// <summary>Starts it and kills it in the moment in which a file gets its name.</summary>
    private async Task KillAtAsync(string file, string[] command)
    {
        using var watcher = new FileSystemWatcher(Directory.CreateDirectory(Data).FullName);
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Process? device = null;
        watcher.Renamed += (_, change) =>
        {
            if (change.Name != file)
                return;
            Volatile.Read(ref device)?.Kill();
            seen.TrySetResult();
        };
        watcher.EnableRaisingEvents = true;
        Volatile.Write(ref device, Run(command));
        await Deadline.For(seen.Task, file);
        await KillAsync(device);
    }

    private static async Task KillAsync(Process process)
    {
        process.Kill();
        await Deadline.For(process.WaitForExitAsync(), "the device is gone");
    }

    private static async Task<Tool.Outcome> EndAsync(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync(limit.Token);
        return new Tool.Outcome(process.ExitCode, await output, await error);
    }

    private string PathOf(string file) => Path.Combine(Data, file);

    private string SerialOf(string file)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(PathOf(file)));
        return certificate.SerialNumber;
    }

    /// <summary>Readings that were not there before.</summary>
    private async Task ReadingsAsync(string device = Serial)
    {
        var before = (await installation.Client.ListDevicesAsync()).Items.Any(d => d.Id == device) ? (await installation.Client.CountReadingsAsync(device)).Count : 0;
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync(device), c => c.Count > before, $"readings of {device}");
    }

    private Task<Tool.Outcome> PublishAsync(string identity) => Tool.RunAsync("mosquitto_pub",
        ["-h", "127.0.0.1", "-p", installation.Cloud.Ready["mqtts"].Split(':')[1], "--cafile", Root, "--cert", identity, "--key", identity, "-V", "5", "-q", "1", "-t", $"devices/{Serial}/telemetry", "-m", """{"n":1}"""]);
}
