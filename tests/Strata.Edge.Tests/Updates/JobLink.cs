using System.Text;
using System.Text.Json;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>A connection to a cloud that answers as it is told to: where nothing else is said it takes whatever becomes of a job, and has no work.</summary>
internal sealed class JobLink : IUpdateLink
{
    private readonly Lock gate = new();
    private readonly List<string> said = [];
    private readonly List<(Func<string, bool> Is, TaskCompletionSource<string> Source)> awaited = [];

    public event Action<string, byte[]>? JobSaid;

    public event Action<string, byte[]>? ArtifactSaid
    {
        add { }
        remove { }
    }

    /// <summary>What is answered to a question for work.</summary>
    public string Job { get; init; } = """{"job":null}""";

    /// <summary>What is answered to a state of a job: the last part of the topic and the payload; null for nothing.</summary>
    public Func<string, (string Answer, string Payload)?> Answer { get; init; } = Takes;

    /// <summary>Set where the software is not to be on its way before this completes.</summary>
    public Task SoftwareGoes { get; init; } = Task.CompletedTask;

    public Task<string> Closed { get; } = new TaskCompletionSource<string>().Task;

    /// <summary>What the device has said: the topic below <c>jobs/</c>, a space and the payload.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (gate)
                return [.. said];
        }
    }

    public static (string Answer, string Payload)? Takes(string state) => ("accepted", $$"""{"state":"{{state}}"}""");

    /// <summary>The first thing said that is so, now or from now on.</summary>
    public Task<string> UntilAsync(Func<string, bool> isSo, string what)
    {
        lock (gate)
        {
            var source = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (said.FirstOrDefault(isSo) is { } found)
                source.SetResult(found);
            else
                awaited.Add((isSo, source));
            return Deadline.For(source.Task, what);
        }
    }

    /// <summary>As <see cref="UntilAsync"/>, of a state of a job.</summary>
    public Task<string> UntilStateAsync(string state) => UntilAsync(s => s.Contains($"/update {{\"state\":\"{state}\"", StringComparison.Ordinal), $"the device says '{state}'");

    /// <summary>When the device has asked for work it says over this connection what becomes of it.</summary>
    public Task UntilServedAsync() => UntilAsync(s => s.StartsWith("next ", StringComparison.Ordinal), "the device asks for work");

    /// <summary>The cloud says something by itself.</summary>
    public void Hear(string rest, string payload) => JobSaid?.Invoke(rest, Encoding.UTF8.GetBytes(payload));

    public Task<string?> ListenToJobsAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public async Task SayOfJobsAsync(string rest, byte[] payload, CancellationToken cancellationToken)
    {
        if (rest == "software")
            await SoftwareGoes;
        var text = $"{rest} {Encoding.UTF8.GetString(payload)}";
        lock (gate)
        {
            said.Add(text);
            foreach (var (isSo, source) in awaited)
            {
                if (isSo(text))
                    source.TrySetResult(text);
            }
        }
        if (rest == "next")
        {
            JobSaid?.Invoke("next/accepted", Encoding.UTF8.GetBytes(Job));
        }
        else if (rest.EndsWith("/update", StringComparison.Ordinal))
        {
            using var report = JsonDocument.Parse(payload);
            if (Answer(report.RootElement.GetProperty("state").GetString()!) is var (answer, what))
                JobSaid?.Invoke($"{rest}/{answer}", Encoding.UTF8.GetBytes(what));
        }
    }

    public Task<string?> ListenToArtifactAsync(string sha256, CancellationToken cancellationToken) => Task.FromResult<string?>("there are none");

    public Task AskForBlocksAsync(string sha256, byte[] request, CancellationToken cancellationToken) => Task.CompletedTask;
}
