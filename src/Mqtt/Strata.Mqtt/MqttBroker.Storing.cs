using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;

namespace Strata.Mqtt;

/// <summary>What outlives the program.</summary>
public sealed partial class MqttBroker
{
    private Task checkpoint = Task.CompletedTask;
    private long lastCheckpointBytes;
    private volatile bool faulted;

    /// <summary>Null: everything is in memory only.</summary>
    internal SessionStore? Store { get; private set; }

    /// <summary>Ends with the newest checkpoint that was begun.</summary>
    internal Task LastCheckpoint => checkpoint;

    /// <summary>The disk refused something: nobody is served any more.</summary>
    internal bool IsFaulted => faulted;

    /// <summary>
    /// Brings back what was stored, if the options name a directory; before the first connection. With <see cref="MqttHosting.AddMqttBroker"/> it is called
    /// when the application starts.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be used; the message says why.</exception>
    /// <exception cref="InvalidDataException">What is stored is damaged; the message names file and byte and says what to do.</exception>
    public void Start()
    {
        if (Options.DataDirectory is not { } directory || Store is not null)
            return;
        var stored = new StoredState(Clock);
        var options = new JournalOptions { MaxWaitingBytes = Options.MaxUncommittedBytes, SkipDamaged = Options.SkipDamagedData, Flush = Options.Flush, Time = Time, Committed = Metrics.Committed };
        var journal = Journal.Open(directory, options, stored.Read, logger);
        try
        {
            stored.Check(journal.HasSkipped);
        }
        catch
        {
            journal.Dispose();
            throw;
        }

        journal.Failed = OnStorageFailed;
        Store = new SessionStore(journal, Clock);
        Store.Continue(stored);
        foreach (var (@namespace, version, message, author) in stored.Retained)
            NamespaceOf(@namespace).Retained.Restore(version, message, author);
        foreach (var @namespace in namespaces.Values)
            ReviewRetained(@namespace, owners: null); // Before a session looks for what it is still owed.
        foreach (var session in stored.Sessions)
            Restore(session);
        LogRestored(stored.Sessions.Count, directory);
        if (journal.HasSkipped)
            checkpoint = Task.Run(CheckpointAsync);
    }

    /// <summary>
    /// Whether the namespace has sessions that outlive the program. A host that publishes what it acknowledges itself waits for <see cref="FlushAsync"/> then.
    /// </summary>
    public bool KeepsSessions(string @namespace) => namespaces.TryGetValue(@namespace, out var known) && known.KeepsSessions;

    /// <summary>Completes when what was published before is on the disk for the sessions that outlive the program; at once when nothing waits for the disk.</summary>
    /// <exception cref="IOException">The disk has refused it.</exception>
    public Task FlushAsync()
    {
        return Store is not { } store || store.Journal.IsCommitted ? Task.CompletedTask : CommitAsync(store);

        static async Task CommitAsync(SessionStore store)
        {
            var written = new CommitSignal();
            store.Journal.Await(new AfterCommit(written));
            if (!await written.Task.ConfigureAwait(false))
                throw new IOException("The disk has refused what was to be kept.");
        }
    }

    private void Restore(StoredSession stored)
    {
        var decision = Host.Review(stored.Client);
        if (decision.ReasonCode != MqttReasonCode.Success)
        {
            Store!.Ended(stored.Id);
            return;
        }

        var session = NamespaceOf(stored.Client.Namespace).Restore(stored);
        var subscriptions = session.Restore(stored);
        Interlocked.Increment(ref sessionCount);
        Interlocked.Add(ref subscriptionCount, subscriptions);
        Metrics.Subscribed(subscriptions);
        var client = ClientOf(session, decision);
        session.Review(Host, client);

        // Whoever was connected when the program ended is away since now.
        var presence = stored.Presence;
        var expiresAt = presence.ExpiresAt == long.MaxValue ? Clock.Now + (presence.ExpirySeconds * 1000L) : presence.ExpiresAt;
        var late = presence.Will is not { } will ? null : new PendingWill(
            client, will, presence.WillAt == long.MaxValue ? Clock.Now + (will.DelaySeconds * 1000L) : presence.WillAt);
        session.Namespace.Await(session, presence.ExpirySeconds, expiresAt, late);
        Sessions.Set(session, Math.Min(expiresAt, late?.At ?? long.MaxValue));
    }

    private void OnStorageFailed(Exception fault)
    {
        faulted = true;
        Connection[] open;
        lock (connections)
            open = [.. connections];
        foreach (var connection in open)
            connection.Close(DisconnectCause.ByServer, MqttReasonCode.UnspecifiedError, "The server can store nothing.");
        Host.StorageFailed(fault);
    }

    /// <summary>
    /// Writes what counts anew and lets go of the old, once that is more than twice as much. What counts is an estimate, so that a queue that only grows is not
    /// written again and again; whatever it says, it is done when the journal is sixteen times as long as after the last time, and not before it is twice as long.
    /// </summary>
    private void CheckpointWhenDue()
    {
        if (Store is not { } store || !checkpoint.IsCompleted || faulted || store.Journal.Length <= Options.CheckpointBytes)
            return;
        var least = Math.Max(Options.CheckpointBytes, 2 * lastCheckpointBytes);
        if (store.Journal.Length > Math.Clamp(2 * BytesThatCount(store), least, Math.Max(least, 16 * Math.Max(lastCheckpointBytes, Options.CheckpointBytes))))
            checkpoint = Task.Run(CheckpointAsync);
    }

    /// <summary>What a checkpoint would write; nearly.</summary>
    private long BytesThatCount(SessionStore store)
    {
        const int Session = 150, Retained = 100, Subscription = 50;
        return store.QueuedBytes + ((long)sessionCount * Session) + ((long)subscriptionCount * Subscription)
            + namespaces.Values.Sum(static n => n.Retained.Bytes + ((long)n.Retained.Count * Retained));
    }

    /// <summary>One at a time.</summary>
    internal async Task CheckpointAsync()
    {
        var store = Store!;
        const int AtATime = 64;
        var before = Time.GetTimestamp();
        store.Journal.BeginEra();
        var count = 0;
        foreach (var @namespace in namespaces.Values)
        {
            foreach (var session in @namespace.ToList())
            {
                session.StoreWhole();
                if (++count % AtATime == 0)
                    await store.Journal.RoomAsync().ConfigureAwait(false);
            }

            foreach (var retained in @namespace.Retained.ToList())
            {
                store.Retain(@namespace.Name, retained);
                if (++count % AtATime == 0)
                    await store.Journal.RoomAsync().ConfigureAwait(false);
            }
        }

        var written = new CommitSignal();
        store.Mark(new AfterCommit(written));
        if (!await written.Task.ConfigureAwait(false))
            return;
        var length = store.Journal.Length;
        store.Journal.DeleteEarlierEras();
        lastCheckpointBytes = store.Journal.Length;
        LogCheckpoint(length, lastCheckpointBytes, Time.GetElapsedTime(before));
    }
}
