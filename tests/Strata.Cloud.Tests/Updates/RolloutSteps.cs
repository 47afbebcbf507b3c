using System.Net;
using System.Net.Http.Json;
using System.Text;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Updates;

/// <summary>What a test does with rollouts, as people and as their devices.</summary>
public abstract class RolloutSteps(RolloutCloud cloud)
{
    protected RolloutCloud Cloud { get; } = cloud;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal static async Task WaitForAsync(Func<Task<bool>> holds, string what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await holds())
        {
            try
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!Cancel.IsCancellationRequested)
            {
                Assert.Fail($"Waited 20 s for {what}.");
            }
        }
    }

    protected async Task<RolloutInfo> StartAsync(CreateRollout request) =>
        await Cloud.Client.StepRolloutAsync((await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id, "start", cancellationToken: Cancel);

    protected async Task<Dictionary<string, DeviceSecret>> DevicesAsync(string run, int count)
    {
        var devices = new Dictionary<string, DeviceSecret>();
        for (var i = 0; i < count; i++)
            devices[$"{run}-{i}"] = await Cloud.Client.CreateDeviceAsync(new CreateDevice($"{run}-{i}", Model: "m1") { Tags = new Dictionary<string, string> { ["run"] = run } }, Cancel);
        return devices;
    }

    protected async Task<Dictionary<string, JobInfo>> PollAsync(Dictionary<string, DeviceSecret> devices)
    {
        var jobs = new Dictionary<string, JobInfo>();
        foreach (var (id, secret) in devices)
        {
            using var http = Cloud.As(secret);
            using var answer = await http.GetAsync($"/api/v1/devices/{id}/jobs/next", Cancel);
            if (answer.StatusCode == HttpStatusCode.OK)
                jobs[id] = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.JobInfo, Cancel))!;
            else
                Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }
        return jobs;
    }

    /// <param name="of">Whose it claims to be; its own unless given.</param>
    protected async Task SoftwareAsync(DeviceSecret device, string software, HttpStatusCode expected, string? of = null)
    {
        using var http = Cloud.As(device);
        using var content = new StringContent(software, Encoding.UTF8, "application/json");
        using var answer = await http.PutAsync($"/api/v1/devices/{of ?? device.Id}/jobs/software", content, Cancel);
        Assert.Equal(expected, answer.StatusCode);
    }

    protected async Task ReportAsync(DeviceSecret device, string job, JobReport report, HttpStatusCode expected)
    {
        using var http = Cloud.As(device);
        using var answer = await http.PutAsJsonAsync($"/api/v1/devices/{device.Id}/jobs/{job}", report, ContractsJson.Default.JobReport, Cancel);
        Assert.Equal(expected, answer.StatusCode);
    }
}
