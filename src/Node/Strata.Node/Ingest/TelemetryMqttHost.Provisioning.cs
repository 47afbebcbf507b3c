using System.Net;
using System.Text;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Mqtt;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Node.Ingest;

public sealed partial class TelemetryMqttHost
{
    private const string EnrollingOwner = "enrolling/";

    /// <summary>The certificate says who it is; a user name may say the same. A device that is new is registered here, in this connection, where there is a rule for it.</summary>
    private async ValueTask<ConnectDecision> ConnectByCertificateAsync(CertificateVerdict verdict, ConnectRequest request, CancellationToken cancellationToken)
    {
        var (tenant, from) = (verdict.Tenant, (request.RemoteEndPoint as IPEndPoint)?.Address);
        if (!verdict.IsAccepted)
            return Refuse(tenants.Exists(tenant) ? tenant : tenants.Default, verdict.Serial.Length > 0 ? verdict.Subject : request.ClientId, verdict.Reason, MqttReasonCode.NotAuthorized);
        if (verdict.Use != CertificateUse.Operational)
        {
            if (!tenants.IsActive(tenant) || enrolment is null)
                return Refuse(tenant, verdict.Subject, enrolment is null ? "devices do not enrol at this node: a certificate that may only enrol lets nobody in" : "the tenant is disabled", MqttReasonCode.NotAuthorized);
            return ConnectDecision.Accept(tenant.Value, new EnrollingClient(verdict, request.ClientCertificate!, from), EnrollingOwner + verdict.Serial, verdict.Subject);
        }
        var entered = await entrance.EnterAsync(verdict, request.ClientCertificate!, from, cancellationToken);
        if (!entered.IsOk)
            return Refuse(tenant, verdict.Subject, entered.Problem.Detail, MqttReasonCode.NotAuthorized);
        var device = entered.Value.Device;
        if (!string.IsNullOrEmpty(request.UserName) && LoginName.Of(request.UserName, tenant) is var said && (said.Tenant, said.Name) != (tenant, device.Value))
            return Refuse(tenant, device.Value, "the user name is another's than the certificate", MqttReasonCode.BadUserNameOrPassword);
        return Enter(entered.Value, verdict);
    }

    /// <summary>A publish to <c>provision/...</c>; null for another topic.</summary>
    private PublishVerdict? Provision(MqttClient client, in InboundPublish publish)
    {
        if (ProvisioningTopics.Classify(publish.Topic) is not { } topic)
            return null;
        if (client.State is not (EnrollingClient or DeviceConnection) || (client.State is DeviceConnection && topic == ProvisioningTopics.Claim))
            return Forbid(client, client.State is DeviceConnection ? "a device that has its identity renews it (provision/renew)" : "only devices enrol");
        if (enrolment is null)
            return Forbid(client, "devices do not enrol at this node");
        var request = ProvisioningTopics.ReadRequest(publish.Payload);
        if (client.State is EnrollingClient enrolling && !enrolling.TryBegin())
            return PublishVerdict.Refuse(MqttReasonCode.QuotaExceeded, "one request at a time");
        if (client.State is DeviceConnection connection && !connection.TryBeginRenewal())
            return PublishVerdict.Refuse(MqttReasonCode.QuotaExceeded, "one request at a time");
        _ = EnrolAsync(client, topic, request, publish.PacketId);
        return PublishVerdict.Deferred;
    }

    /// <summary>Answers on the topic, to this client alone, then acknowledges: an acknowledged request has been answered.</summary>
    private async Task EnrolAsync(MqttClient client, string topic, Outcome<byte[]> request, ushort packetId)
    {
        await Task.Yield();
        var enrolled = request.IsOk ? await TryEnrolAsync(client, request.Value) : request.Problem;
        var (name, payload) = enrolled.IsOk ? ("accepted", ProvisioningTopics.Accepted(enrolled.Value.Issued, enrolled.Value.Device.Value, enrolment!.Roots)) : ("rejected", ProvisioningTopics.Rejected(enrolled.Problem));
        broker!.PublishTo(client, Encoding.UTF8.GetBytes($"{topic}/{name}"), payload, qos: 1);
        client.Acknowledge([new PublishAck(packetId, MqttReasonCode.Success)]);
        (client.State as EnrollingClient)?.End();
        (client.State as DeviceConnection)?.EndRenewal();
    }

    private async Task<Outcome<CertifiedDevice>> TryEnrolAsync(MqttClient client, byte[] request)
    {
#pragma warning disable CA1031 // Whatever fails, the client is told that it did.
        try
        {
            using var limit = new CancellationTokenSource(options.EnrolmentTimeout, time);
            var (tenant, enrolled) = client.State is EnrollingClient enrolling
                ? (enrolling.Verdict.Tenant, await enrolments!.RunAsync(enrolling.Verdict, enrolling.Certificate, enrolling.From, request, limit.Token))
                : (((DeviceConnection)client.State!).Entry.Tenant, await RenewAsync((DeviceConnection)client.State, (client.RemoteEndPoint as IPEndPoint)?.Address, request, limit.Token));
            if (enrolled.IsOk)
                await enrolment!.ToldAsync(tenant, enrolled.Value.Device, limit.Token);
            return enrolled;
        }
        catch (Exception fault)
        {
            LogEnrolment(fault);
            return new Problem(ProblemKind.Unavailable, "The node cannot enrol devices just now; ask again later.");
        }
#pragma warning restore CA1031
    }

    private async Task<Outcome<CertifiedDevice>> RenewAsync(DeviceConnection connection, IPAddress? from, byte[] request, CancellationToken cancellationToken)
    {
        var (tenant, device) = (connection.Entry.Tenant, connection.Entry.Device);
        if (!devices.TryGet(tenant, device, out var now) || !HoldsFor(connection, now))
            return DeviceEnrolment.Refused;
        var issued = await enrolment!.EnrolAsync(tenant, device, null, from, request, cancellationToken);
        if (issued.IsOk)
            return new CertifiedDevice(device, issued.Value);
        rejections.Record(tenant, RejectionKind.Authentication, device.Value, $"it may not renew: {issued.Problem.Detail}");
        return issued.Problem;
    }
}
