using System.Threading.Channels;
using Strata.Edge.Buffering;
using Strata.Forwarding;

namespace Strata.Edge.Delivery;

/// <summary>The batches that are under way on one connection: at most so many, sent in order. Belongs to one task.</summary>
internal sealed class SendWindow(AgentLog log, GatewayLink link, int size)
{
    private readonly Channel<(ForwardEntry Entry, PublishAnswer Answer)> answers = Channel.CreateBounded<(ForwardEntry, PublishAnswer)>(size);
    private Task arrived = Task.CompletedTask;
    private Task<bool>? answered;

    /// <summary>Sent and not answered.</summary>
    public int UnderWay { get; private set; }

    /// <summary>Why the connection is of no more use; null while it is.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Sends what waits, as far as the window goes.</summary>
    public void Fill(CancellationToken cancellationToken)
    {
        while (UnderWay < size && log.TakeToSend(size - UnderWay) is { Count: > 0 } entries)
        {
            foreach (var entry in entries)
            {
                UnderWay++;
                _ = SendAsync(entry, cancellationToken);
            }
        }
    }

    /// <summary>Completes when <see cref="TakeAnswered"/> gives something or, if <paramref name="sending"/>, <see cref="Fill"/> may send something.</summary>
    public Task WaitAsync(bool sending, CancellationToken cancellationToken)
    {
        if (answered is null or { IsCompleted: true })
            answered = answers.Reader.WaitToReadAsync(cancellationToken).AsTask();
        if (!sending || UnderWay >= size)
            return answered;
        if (arrived.IsCompleted)
            arrived = log.WaitToSendAsync(cancellationToken);
        return Task.WhenAny(answered, arrived);
    }

    /// <summary>What was answered for good since the last call.</summary>
    public IReadOnlyList<(ForwardEntry Entry, string? Refused)> TakeAnswered()
    {
        var settled = new List<(ForwardEntry, string?)>();
        while (answers.Reader.TryRead(out var answer))
        {
            UnderWay--;
            if (answer.Answer.Outcome == PublishOutcome.Unknown)
                Trouble ??= answer.Answer.Reason;
            else
                settled.Add((answer.Entry, answer.Answer.Outcome == PublishOutcome.Refused ? answer.Answer.Reason : null));
        }
        return settled;
    }

    /// <summary>The channel holds a whole window, so that writing to it never waits.</summary>
    private async Task SendAsync(ForwardEntry entry, CancellationToken cancellationToken) =>
        answers.Writer.TryWrite((entry, await link.PublishAsync(log.Stream, entry, cancellationToken)));
}
