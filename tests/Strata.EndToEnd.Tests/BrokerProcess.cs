using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Strata.EndToEnd.Tests;

/// <summary>A <c>strata broker</c> that serves, in a process of its own.</summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly Process process;

    private BrokerProcess(Process process) => this.process = process;

    public int Port { get; private set; }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>What it wrote to standard error.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <param name="port">0 takes a free one.</param>
    public static async Task<BrokerProcess> StartAsync(string data, int port)
    {
        var started = new BrokerProcess(Process.Start(
            new ProcessStartInfo(Installation.Executable, ["broker", "--anonymous", "--mqtt", $"127.0.0.1:{port}", "--data", data, "--until-stdin-closes"])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            })!);
        started.process.ErrorDataReceived += (_, line) => started.Log.Enqueue(line.Data ?? "");
        started.process.BeginErrorReadLine();
        var ready = await Deadline.For(started.process.StandardOutput.ReadLineAsync(), "the broker serves");
        started.Port = int.Parse(ready!.Split("mqtt=")[1].Split(' ')[0].Split(':')[^1], CultureInfo.InvariantCulture);
        return started;
    }

    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        process.Kill();
        process.Dispose();
    }
}
