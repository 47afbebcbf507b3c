using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Tests;

/// <summary>A publish as the test host saw it.</summary>
public sealed record SeenPublish(
    string Topic, byte[] Payload, ushort PacketId, byte QoS, bool Retain, bool Duplicate, string ContentType, IReadOnlyList<(string Name, string Value)> User, byte[] Properties);

/// <summary>Admits everyone and routes everything unless told otherwise; remembers what it saw.</summary>
public sealed class TestHost : IMqttHost
{
    private readonly Channel<SeenPublish> seen = Channel.CreateUnbounded<SeenPublish>();
    private readonly Channel<(MqttClient Client, DisconnectCause Cause)> gone = Channel.CreateUnbounded<(MqttClient, DisconnectCause)>();

    private readonly TaskCompletionSource<Exception> storageFault = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Func<ConnectRequest, CancellationToken, ValueTask<ConnectDecision>> Connect { get; set; } =
        static (_, _) => new(ConnectDecision.Accept("tests"));

    public Func<MqttClient, string, bool> Subscribe { get; set; } = static (_, _) => true;

    public Action<MqttClient, IReadOnlyList<string>> OnSubscribed { get; set; } = static (_, _) => { };

    public Func<MqttClient, SeenPublish, PublishVerdict> Verdict { get; set; } = static (_, _) => PublishVerdict.Route;

    public Func<MqttClient, CancellationToken, ValueTask> EndBurst { get; set; } = static (_, _) => default;

    /// <summary>What is kept of a user's password; null: SCRAM is not offered.</summary>
    public Func<string, PasswordHash?>? FindPassword { get; set; }

    public Func<KnownClient, ConnectDecision>? ReviewWith { get; set; }

    public Func<MqttClient, string, bool> Receive { get; set; } = static (_, _) => true;

    public Func<KnownClient, string, bool> Retain { get; set; } = static (_, _) => true;

    /// <summary>What the disk refused with.</summary>
    public Task<Exception> StorageFault => Deadline.For(storageFault.Task, "the host hears that the disk has failed");

    public bool OffersScram => FindPassword is not null;

    public ConcurrentDictionary<string, ConnectRequest> Connects { get; } = new();

    public MqttBroker? Broker { get; private set; }

    public void Attach(MqttBroker broker) => Broker = broker;

    /// <summary>The packet ids of what it has seen and nobody asked for, which it forgets.</summary>
    public IReadOnlyList<int> TakeSeen()
    {
        var taken = new List<int>();
        while (seen.Reader.TryRead(out var publish))
            taken.Add(publish.PacketId);
        return taken;
    }

    public async Task<SeenPublish> NextPublish() => await Deadline.For(seen.Reader.ReadAsync().AsTask(), "the host sees a publish");

    public async Task<(MqttClient Client, DisconnectCause Cause)> NextGone() =>
        await Deadline.For(gone.Reader.ReadAsync().AsTask(), "the host hears that a client is gone");

    public ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        Connects[request.ClientId] = request;
        return Connect(request, cancellationToken);
    }

    public ValueTask<PasswordHash?> FindPasswordAsync(string userName, CancellationToken cancellationToken) => new(FindPassword!(userName));

    public ConnectDecision Review(KnownClient client) => ReviewWith?.Invoke(client) ?? ConnectDecision.Accept(client.Namespace, owner: client.Owner);

    public void StorageFailed(Exception fault) => storageFault.TrySetResult(fault);

    public bool MaySubscribe(MqttClient client, string topicFilter) => Subscribe(client, topicFilter);

    public void Subscribed(MqttClient client, IReadOnlyList<string> topicFilters) => OnSubscribed(client, topicFilters);

    public bool MayReceive(MqttClient client, ReadOnlySpan<byte> topic) => Receive(client, Encoding.UTF8.GetString(topic));

    public bool MayRetain(KnownClient author, ReadOnlySpan<byte> topic) => Retain(author, Encoding.UTF8.GetString(topic));

    public PublishVerdict OnPublish(MqttClient client, in InboundPublish publish)
    {
        var user = new List<(string, string)>();
        var reader = new UserPropertyReader(publish.UserProperties);
        while (reader.TryRead(out var name, out var value))
            user.Add((Encoding.UTF8.GetString(name), Encoding.UTF8.GetString(value)));
        var copy = new SeenPublish(
            Encoding.UTF8.GetString(publish.Topic), publish.Payload.ToArray(), publish.PacketId, publish.QoS, publish.Retain, publish.Duplicate,
            Encoding.UTF8.GetString(publish.ContentType), user, publish.Properties.ToArray());
        seen.Writer.TryWrite(copy);
        return Verdict(client, copy);
    }

    public ValueTask EndBurstAsync(MqttClient client, CancellationToken cancellationToken) => EndBurst(client, cancellationToken);

    public void Disconnected(MqttClient client, DisconnectCause cause) => gone.Writer.TryWrite((client, cause));
}
