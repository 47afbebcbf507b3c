using Strata.Core.Updates.Blocks;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>A connection to a node that has one artifact, and that loses, repeats and twists blocks.</summary>
/// <param name="lost">Percent of the blocks.</param>
/// <param name="breaksAfter">So many blocks, then the connection is gone.</param>
internal sealed class LossyLink(byte[] bytes, int seed = 0, int lost = 0, int breaksAfter = int.MaxValue) : IArtifactLink
{
    private readonly Random chance = new(seed);
    private readonly TaskCompletionSource<string> closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int sent;

    public event Action<string, byte[]>? ArtifactSaid;

    public Task<string> Closed => closed.Task;

    public List<BlockRequest> Requests { get; } = [];

    /// <summary>Sent with the first request, whether it was asked for or not.</summary>
    public int? Unasked { get; init; }

    /// <summary>Said in place of blocks, as often as there is something here: the last part of the topic and the payload.</summary>
    public Queue<(string Answer, string Payload)> Instead { get; } = new();

    public Task<string?> ListenToArtifactAsync(string sha256, CancellationToken cancellationToken) => Task.FromResult<string?>(closed.Task.IsCompleted ? "the connection is over" : null);

    public Task AskForBlocksAsync(string sha256, byte[] request, CancellationToken cancellationToken)
    {
        var asked = BlockRequest.Parse(request).Value!;
        Requests.Add(asked);
        if (Instead.TryDequeue(out var instead))
        {
            ArtifactSaid?.Invoke($"{sha256}/get/{instead.Answer}", System.Text.Encoding.UTF8.GetBytes(instead.Payload));
            return Task.CompletedTask;
        }
        ArtifactSaid?.Invoke($"{sha256}/get/accepted", System.Text.Encoding.UTF8.GetBytes($$"""{"bytes":{{bytes.Length}}}"""));
        if (Requests.Count == 1 && Unasked is { } unasked)
            ArtifactSaid?.Invoke($"{sha256}/blocks/{asked.Size}/{unasked}", bytes.AsSpan(unasked * asked.Size, asked.Size).ToArray());
        var numbers = asked.Of(bytes.Length).ToList();
        foreach (var number in lost == 0 ? numbers : [.. numbers.Concat(numbers.Where(_ => chance.Next(4) == 0)).OrderBy(_ => chance.Next()).Where(_ => chance.Next(100) >= lost)])
        {
            if (++sent > breaksAfter)
            {
                closed.TrySetResult("it broke");
                break;
            }
            ArtifactSaid?.Invoke($"{sha256}/blocks/{asked.Size}/{number}", bytes.AsSpan(number * asked.Size, Math.Min(asked.Size, bytes.Length - (number * asked.Size))).ToArray());
        }
        return Task.CompletedTask;
    }
}
