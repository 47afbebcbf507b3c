using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using MQTTnet;
using MQTTnet.Protocol;

namespace Strata.Edge.Identity;

/// <summary>What was answered to a request for a certificate.</summary>
/// <param name="Certificate">PEM; null when it was refused.</param>
/// <param name="Reason">Why it was refused.</param>
/// <param name="Anchors">PEM: the roots that are to be trusted from now on; empty when it says nothing of them.</param>
internal readonly record struct EnrolmentAnswer(string? Certificate, string Reason, string Anchors = "");

/// <summary>Asks for certificates over a connection that stands: <c>provision/claim</c> and <c>provision/renew</c>.</summary>
internal static class Enroller
{
    public const string Claim = "provision/claim";
    public const string Renew = "provision/renew";

    /// <summary>Asks, and waits for the answer. Never throws for the network's sake.</summary>
    public static async Task<EnrolmentAnswer> AskAsync(IMqttClient client, string topic, ECDsa key, string name, TimeSpan limit, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<EnrolmentAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task OnMessageAsync(MqttApplicationMessageReceivedEventArgs message)
        {
            if (message.ApplicationMessage.Topic.StartsWith(topic + "/", StringComparison.Ordinal))
                answered.TrySetResult(Read(message.ApplicationMessage));
            return Task.CompletedTask;
        }
        client.ApplicationMessageReceivedAsync += OnMessageAsync;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(limit);
            await client.SubscribeAsync(topic + "/+", MqttQualityOfServiceLevel.AtLeastOnce, deadline.Token);
            var published = await client.PublishAsync(
                new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(Payload(key, name)).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), deadline.Token);
            if (!published.IsSuccess)
                return new EnrolmentAnswer(null, $"it answers {published.ReasonCode}{(string.IsNullOrEmpty(published.ReasonString) ? "" : $" ({published.ReasonString})")}");
            return await answered.Task.WaitAsync(deadline.Token);
        }
        catch (Exception reason) when (Delivery.GatewayLink.IsOfTheNetwork(reason) && !cancellationToken.IsCancellationRequested)
        {
            return new EnrolmentAnswer(null, reason is OperationCanceledException ? $"no answer within {limit.TotalSeconds:0.#} s" : reason.GetBaseException().Message);
        }
        finally
        {
            client.ApplicationMessageReceivedAsync -= OnMessageAsync;
        }
    }

    private static byte[] Payload(ECDsa key, string name)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return Encoding.UTF8.GetBytes($$"""{"csr":"{{JsonEncodedText.Encode(request)}}"}""");
    }

    private static EnrolmentAnswer Read(MqttApplicationMessage message)
    {
        try
        {
            using var answer = JsonDocument.Parse(message.Payload);
            if (answer.RootElement.TryGetProperty("certificate", out var certificate) && certificate.GetString() is { } pem)
                return new EnrolmentAnswer(pem, "", answer.RootElement.TryGetProperty("anchors", out var anchors) ? anchors.GetString() ?? "" : "");
            return new EnrolmentAnswer(null, answer.RootElement.TryGetProperty("error", out var error) ? error.GetString() ?? "" : "it says nothing");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new EnrolmentAnswer(null, "its answer cannot be read");
        }
    }
}
