using System.Globalization;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Strata.Core.Devices;
using Strata.Edge.Buffering;
using Strata.Edge.Updates;
using Strata.Forwarding;

namespace Strata.Edge.Delivery;

/// <summary>What a gateway said to a batch.</summary>
internal enum PublishOutcome
{
    /// <summary>It has it.</summary>
    Taken,

    /// <summary>It will never take it.</summary>
    Refused,

    /// <summary>Nobody knows: the connection broke, or the answer is one that may change. It is sent again.</summary>
    Unknown,
}

/// <param name="Reason">What the gateway or the network said; for people.</param>
internal readonly record struct PublishAnswer(PublishOutcome Outcome, string Reason);

/// <summary>One MQTT 5 connection to one gateway. Safe from any thread.</summary>
internal sealed class GatewayLink : IUpdateLink, IAsyncDisposable
{
    private static readonly MqttClientFactory Factory = new();
    private readonly IMqttClient client;
    private readonly string telemetryTopic;
    private readonly string healthTopic;
    private readonly string commandTopic;
    private readonly string wipeTopic;
    private readonly string jobsTopic;
    private readonly string artifactsTopic;
    private readonly TaskCompletionSource<string> closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GatewayLink(IMqttClient client, GatewayAddress address, DeviceId device)
    {
        (this.client, Address) = (client, address);
        telemetryTopic = $"devices/{device}/telemetry";
        healthTopic = $"devices/{device}/health";
        commandTopic = $"devices/{device}/commands/";
        wipeTopic = $"{commandTopic}wipe/";
        jobsTopic = $"devices/{device}/jobs/";
        artifactsTopic = $"devices/{device}/artifacts/";
        client.DisconnectedAsync += OnDisconnectedAsync;
        client.ApplicationMessageReceivedAsync += OnMessageAsync;
    }

    public GatewayAddress Address { get; }

    public override string ToString() => Address.ToString();

    /// <summary>For what is no telemetry.</summary>
    public IMqttClient Client => client;

    /// <summary>The device is told to wipe itself; the number of the request. May come more than once. Called by the connection: must not wait.</summary>
    public event Action<string>? WipeOrdered;

    /// <summary>The device is told to do something else: the command's name, its request and its payload. May come more than once. Called by the connection: must not wait.</summary>
    public event Action<string, string, byte[]>? CommandGiven;

    /// <inheritdoc/>
    public event Action<string, byte[]>? JobSaid;

    /// <inheritdoc/>
    public event Action<string, byte[]>? ArtifactSaid;

    /// <summary>How many publishes the gateway takes at once.</summary>
    public int ReceiveMaximum { get; private set; }

    /// <summary>Completes with the reason when the connection is gone.</summary>
    public Task<string> Closed => closed.Task;

    /// <summary>Connects as the device.</summary>
    /// <exception cref="GatewayUnreachableException">It cannot be reached, or does not let the device in; the message says why.</exception>
    public static async Task<GatewayLink> ConnectAsync(
        GatewayAddress address, DeviceId device, LinkProof proof, DeliveryOptions options, CancellationToken cancellationToken)
    {
        var builder = Factory.CreateClientOptionsBuilder()
            .WithTcpServer(address.Host, address.Port)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(device.Value)
            .WithKeepAlivePeriod(options.KeepAlive)
            .WithTimeout(options.AcknowledgeTimeout)
            .WithCleanStart();
        if (proof.Secret is { } secret)
            builder.WithCredentials(device.Value, secret);
        if (address.IsTls)
            builder.WithTlsOptions(tls =>
            {
                tls.UseTls().WithTargetHost(address.Host).WithSslProtocols(SslProtocols.Tls12 | SslProtocols.Tls13).WithRevocationMode(X509RevocationMode.NoCheck)
                    .WithCertificateValidationHandler(shown => proof.Trust.Accepts(shown.Certificate, shown.Chain, shown.SslPolicyErrors, proof.Certificate));
                if (proof.Certificate is { } own)
                    tls.WithClientCertificates([own]);
            });
        var settings = builder.Build();
        var link = new GatewayLink(Factory.CreateMqttClient(), address, device);
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(options.ConnectTimeout);
            var answer = await link.client.ConnectAsync(settings, deadline.Token);
            if (answer.ResultCode != MqttClientConnectResultCode.Success)
                throw new GatewayUnreachableException($"it answers {answer.ResultCode}{Because(answer.ReasonString)}") { IsRefusal = answer.ResultCode == MqttClientConnectResultCode.NotAuthorized };
            link.ReceiveMaximum = answer.ReceiveMaximum is { } most and > 0 ? most : ushort.MaxValue;
            return link;
        }
        catch (Exception reason) when (reason is GatewayUnreachableException || IsOfTheNetwork(reason))
        {
            link.client.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw reason as GatewayUnreachableException ?? new GatewayUnreachableException(
                reason is OperationCanceledException ? $"no answer within {options.ConnectTimeout.TotalSeconds:0.#} s" : Innermost(reason).Message, reason);
        }
    }

    /// <summary>Sends one batch with its number and waits for the answer. The packets go out in the order of the calls. Never throws for the network's sake.</summary>
    public async Task<PublishAnswer> PublishAsync(string stream, ForwardEntry entry, CancellationToken cancellationToken)
    {
        var batch = Batch.Read(entry.Payload);
        var message = Factory.CreateApplicationMessageBuilder()
            .WithTopic(telemetryTopic)
            .WithPayload(batch.Payload.ToArray())
            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
            .WithUserProperty("strata-batch", Utf8(string.Create(CultureInfo.InvariantCulture, $"{stream}/{entry.Number}")))
            .WithUserProperty("strata-sampled", Utf8(batch.SampledAt.ToString(CultureInfo.InvariantCulture)));
        if (batch.Suppressed > 0)
            message.WithUserProperty("strata-suppressed", Utf8(batch.Suppressed.ToString(CultureInfo.InvariantCulture)));
        if (batch.Immediate)
            message.WithUserProperty("strata-immediate", "1"u8.ToArray());
        return await PublishAsync(message.Build(), cancellationToken);
    }

    /// <summary>Sends a health message: at least once when the gateway takes more than one publish at a time, else at most once.</summary>
    public Task<PublishAnswer> PublishHealthAsync(byte[] payload, CancellationToken cancellationToken) => PublishAsync(
        Factory.CreateApplicationMessageBuilder()
            .WithTopic(healthTopic)
            .WithPayload(payload)
            .WithQualityOfServiceLevel(ReceiveMaximum > 1 ? MqttQualityOfServiceLevel.AtLeastOnce : MqttQualityOfServiceLevel.AtMostOnce)
            .Build(),
        cancellationToken);

    /// <summary>Asks to be told what the device is to do, wiping itself too. Never throws for the network's sake.</summary>
    /// <returns>Why the gateway does not let it be told; null when it does, or nobody knows.</returns>
    public Task<string?> ListenAsync(CancellationToken cancellationToken) => SubscribeAsync(commandTopic + "+/+", cancellationToken);

    /// <inheritdoc/>
    public async Task<string?> ListenToJobsAsync(CancellationToken cancellationToken)
    {
        foreach (var filter in (string[])["notify", "next/accepted", "software/rejected", "+/update/accepted", "+/update/rejected"])
        {
            if (await SubscribeAsync(jobsTopic + filter, cancellationToken) is { } refused)
                return refused;
        }
        return client.IsConnected ? null : "the connection is over";
    }

    /// <inheritdoc/>
    public Task SayOfJobsAsync(string rest, byte[] payload, CancellationToken cancellationToken) => PublishAsync(
        Factory.CreateApplicationMessageBuilder().WithTopic(jobsTopic + rest).WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), cancellationToken);

    /// <inheritdoc/>
    public async Task<string?> ListenToArtifactAsync(string sha256, CancellationToken cancellationToken)
    {
        foreach (var filter in (string[])["get/accepted", "get/rejected", "blocks/+/+"])
        {
            if (await SubscribeAsync($"{artifactsTopic}{sha256}/{filter}", cancellationToken) is { } refused)
                return refused;
        }
        return client.IsConnected ? null : "the connection is over";
    }

    /// <inheritdoc/>
    public Task AskForBlocksAsync(string sha256, byte[] request, CancellationToken cancellationToken) => PublishAsync(
        Factory.CreateApplicationMessageBuilder().WithTopic($"{artifactsTopic}{sha256}/get").WithPayload(request).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), cancellationToken);

    private async Task<string?> SubscribeAsync(string filter, CancellationToken cancellationToken)
    {
        try
        {
            var answer = (await client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken)).Items.First();
            return answer.ResultCode <= MqttClientSubscribeResultCode.GrantedQoS2 ? null : answer.ResultCode.ToString();
        }
        catch (Exception reason) when (IsOfTheNetwork(reason))
        {
            return null; // The connection is over, and the next one asks again.
        }
    }

    /// <summary>Answers a command.</summary>
    public Task<PublishAnswer> AnswerAsync(string name, string request, byte[] payload, CancellationToken cancellationToken) => PublishAsync(
        Factory.CreateApplicationMessageBuilder().WithTopic($"{commandTopic}{name}/{request}/response").WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(),
        cancellationToken);

    /// <summary>Answers the command to wipe itself.</summary>
    public Task<PublishAnswer> AnswerWipeAsync(string request, byte[] payload, CancellationToken cancellationToken) => PublishAsync(
        Factory.CreateApplicationMessageBuilder().WithTopic($"{wipeTopic}{request}/response").WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(),
        cancellationToken);

    /// <summary>Says good-bye when the connection still stands.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            if (client.IsConnected)
                await client.DisconnectAsync(new MqttClientDisconnectOptions(), deadline.Token);
        }
        catch (Exception reason) when (reason is MqttCommunicationException or OperationCanceledException or InvalidOperationException)
        {
            closed.TrySetResult(reason.Message); // It is gone one way or the other.
        }
        try
        {
            client.Dispose();
        }
        catch (ObjectDisposedException)
        {
            // MQTTnet cleans up twice when the connection breaks in this very moment: what is to be given back has been.
        }
        closed.TrySetResult("closed by the agent");
    }

    private async Task<PublishAnswer> PublishAsync(MqttApplicationMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.PublishAsync(message, cancellationToken);
            return answer.ReasonCode switch
            {
                MqttClientPublishReasonCode.Success or MqttClientPublishReasonCode.NoMatchingSubscribers => new(PublishOutcome.Taken, ""),
                MqttClientPublishReasonCode.PayloadFormatInvalid or MqttClientPublishReasonCode.TopicNameInvalid =>
                    new(PublishOutcome.Refused, $"{answer.ReasonCode}{Because(answer.ReasonString)}"),
                _ => new(PublishOutcome.Unknown, $"it answers {answer.ReasonCode}{Because(answer.ReasonString)}"),
            };
        }
        catch (Exception reason) when (IsOfTheNetwork(reason))
        {
            return new(PublishOutcome.Unknown, Innermost(reason).Message);
        }
    }

    private Task OnMessageAsync(MqttApplicationMessageReceivedEventArgs message)
    {
        if (message.ApplicationMessage.Topic is { } topic && topic.StartsWith(wipeTopic, StringComparison.Ordinal))
            WipeOrdered?.Invoke(topic[wipeTopic.Length..]);
        else if (message.ApplicationMessage.Topic?.Split('/') is [_, _, "commands", var name, var request])
            CommandGiven?.Invoke(name, request, System.Buffers.BuffersExtensions.ToArray(message.ApplicationMessage.Payload));
        else if (message.ApplicationMessage.Topic is { } said && said.StartsWith(jobsTopic, StringComparison.Ordinal))
            JobSaid?.Invoke(said[jobsTopic.Length..], System.Buffers.BuffersExtensions.ToArray(message.ApplicationMessage.Payload));
        else if (message.ApplicationMessage.Topic is { } bytes && bytes.StartsWith(artifactsTopic, StringComparison.Ordinal))
            ArtifactSaid?.Invoke(bytes[artifactsTopic.Length..], System.Buffers.BuffersExtensions.ToArray(message.ApplicationMessage.Payload));
        return Task.CompletedTask;
    }

    private Task OnDisconnectedAsync(MqttClientDisconnectedEventArgs gone)
    {
        var said = gone.Reason == MqttClientDisconnectReason.NormalDisconnection ? "" : $"{gone.Reason}{Because(gone.ReasonString)}";
        closed.TrySetResult(said.Length > 0 && gone.Exception is null ? said : gone.Exception is { } reason ? Innermost(reason).Message : "the connection was closed");
        return Task.CompletedTask;
    }

    /// <summary>What MQTTnet throws when a connection does not come about, breaks, or takes too long.</summary>
    internal static bool IsOfTheNetwork(Exception reason) => reason is MqttCommunicationException or OperationCanceledException or InvalidOperationException or ObjectDisposedException;

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Because(string? reason) => string.IsNullOrEmpty(reason) ? "" : $" ({reason})";

    private static Exception Innermost(Exception exception) => exception.GetBaseException();
}

/// <summary>A gateway that does not answer, or not with a welcome.</summary>
internal sealed class GatewayUnreachableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>It answers, and what the device shows does not let it in.</summary>
    public bool IsRefusal { get; init; }
}
