using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;

namespace Strata.Mqtt;

/// <summary>What was granted is asked for again when the host's mind has changed.</summary>
public sealed partial class MqttBroker
{
    private const int AtATime = 256;
    private const int MaxScopes = 10_000;

    private readonly Lock reviewGate = new();
    private readonly HashSet<(string? Namespace, string? Owner)> toReview = [];
    private Task review = Task.CompletedTask;
    private int accessVersion;

    /// <summary>Changes with each review: what was granted while it changed is granted by nobody knows which rules.</summary>
    internal int AccessVersion => Volatile.Read(ref accessVersion);

    /// <summary>
    /// To be called after what the host allows has changed: each session (<see cref="IMqttHost.Review"/>), each of its subscriptions
    /// (<see cref="IMqttHost.MaySubscribe"/>) and each retained message of a client (<see cref="IMqttHost.MayRetain"/>) is asked for again. A session that may not
    /// be there any more ends with its connection; a subscription that was granted stays, and what it finds is asked for message by message
    /// (<see cref="IMqttHost.MayReceive"/>); a retained message goes. What is published meanwhile is decided by the host as always.
    /// </summary>
    /// <param name="namespace">Only this one; null: all.</param>
    /// <param name="owner">Only this owner's; null: all.</param>
    /// <returns>Completes when all was asked for.</returns>
    public Task ReviewAccess(string? @namespace = null, string? owner = null)
    {
        Interlocked.Increment(ref accessVersion);
        lock (reviewGate)
        {
            toReview.Add(toReview.Count < MaxScopes ? (@namespace, owner) : (null, null));
            if (review.IsCompleted)
                review = Task.Run(ReviewAsync);
            return review;
        }
    }

    private async Task ReviewAsync()
    {
        while (true)
        {
            (string? Namespace, string? Owner)[] scopes;
            lock (reviewGate)
            {
                if (toReview.Count == 0)
                {
                    review = Task.CompletedTask;
                    return;
                }

                scopes = toReview.Contains((null, null)) ? [(null, null)] : [.. toReview];
                toReview.Clear();
            }

            foreach (var known in namespaces.Values)
            {
                var here = scopes.Where(s => s.Namespace is null || s.Namespace == known.Name).ToList();
                if (here.Exists(static s => s.Owner is null))
                    await ReviewAsync(known, owners: null).ConfigureAwait(false);
                else if (here.Count > 0)
                    await ReviewAsync(known, [.. here.Select(static s => s.Owner!)]).ConfigureAwait(false);
            }
        }
    }

    private async Task ReviewAsync(MqttNamespace @namespace, HashSet<string>? owners)
    {
        var count = 0;
        foreach (var session in @namespace.ToList())
        {
            if (owners?.Contains(session.Owner) == false)
                continue;
            Review(session);
            if (++count % AtATime == 0)
                await Task.Yield();
        }

        ReviewRetained(@namespace, owners);
    }

    private void Review(Session session)
    {
#pragma warning disable CA1031 // A host that fails grants nothing: the client has to come again.
        try
        {
            var decision = Host.Review(session.Identity);
            if (decision.ReasonCode == MqttReasonCode.Success)
            {
                session.Review(Host, session.Holder?.Client ?? ClientOf(session, decision));
                return;
            }

            session.Namespace.Leave(session);
            EndSession(session);
            session.Holder?.Close(DisconnectCause.ByServer, MqttReasonCode.NotAuthorized, "The client's access has ended.");
        }
        catch (Exception fault)
        {
            LogFault(fault);
            session.Review(null, ClientOf(session, default));
            session.Holder?.Close(DisconnectCause.ByServer, MqttReasonCode.UnspecifiedError);
        }
#pragma warning restore CA1031
    }

    private void ReviewRetained(MqttNamespace @namespace, HashSet<string>? owners)
    {
        foreach (var retained in @namespace.Retained.ToList())
        {
            if (retained.Author is not { } author || owners?.Contains(author.Owner) == false || MayRetain(author, retained.Message.Topic))
                continue;
            if (@namespace.Retained.Remove(retained) is > 0 and var version)
                @namespace.Store?.Retain(@namespace.Name, new Retained(retained.Message.Emptied(), version, null));
        }
    }

    private bool MayRetain(KnownClient author, ReadOnlySpan<byte> topic)
    {
#pragma warning disable CA1031 // A host that fails grants nothing.
        try
        {
            return Host.MayRetain(author, topic);
        }
        catch (Exception fault)
        {
            LogFault(fault);
            return false;
        }
#pragma warning restore CA1031
    }

    /// <summary>The client of a session, as one that is not there.</summary>
    private static MqttClient ClientOf(Session session, in ConnectDecision decision) =>
        new(null, new ConnectRequest(session.ClientId, null, default, MqttProtocolVersion.V500, null), session.Identity.UserName, session.Namespace.Name, decision.State);
}
