using System.Diagnostics;
using System.Net;

namespace Strata.EndToEnd.Tests;

/// <summary>A disk that takes no more: the files of a running node are held at their size by a quota (RLIMIT_FSIZE), as a full disk does.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task A_cloud_node_on_a_full_disk_acknowledges_nothing_says_so_and_goes_on_by_itself_when_there_is_room()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var created = await installation.Client.CreateDeviceAsync(new("f-0"));
        var device = new LedgerDevice(created.Id, created.Secret, () => installation.CloudMqttPort);
        device.Begin();
        await Eventually.IsAsync(() => Task.FromResult(device.Acknowledged), n => n >= 20, "acknowledgements before the disk is full");

        await LimitFilesAsync(installation, "1");
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) });
        await Eventually.IsAsync(() => StatusAsync(http, installation), s => s == HttpStatusCode.ServiceUnavailable, "the node says that it cannot commit");
        var stuck = device.Acknowledged;
        await Eventually.IsAsync(() => StatusAsync(http, installation), s => s == HttpStatusCode.ServiceUnavailable, "the node still says so");
        Assert.Equal(stuck, device.Acknowledged);
        Assert.False(installation.Cloud.HasExited);

        await LimitFilesAsync(installation, "unlimited");
        await Eventually.IsAsync(() => Task.FromResult(device.Acknowledged), n => n >= stuck + 20, "acknowledgements once there is room");
        await Eventually.IsAsync(() => StatusAsync(http, installation), s => s == HttpStatusCode.OK, "the node is ready again");
        await device.EndAsync();
        await KillTests.AssertLedgerAsync(installation, device);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, Installation installation)
    {
        using var answer = await http.GetAsync($"{installation.CloudHttp}/health/ready");
        return answer.StatusCode;
    }

    private static async Task LimitFilesAsync(Installation installation, string bytes)
    {
        using var process = Process.Start("prlimit", ["--pid", $"{installation.Cloud.Id}", $"--fsize={bytes}:unlimited"]);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
