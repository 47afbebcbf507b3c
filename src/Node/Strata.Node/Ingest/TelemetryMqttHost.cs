using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Devices;
using Strata.Core.Telemetry.Decoding;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Mqtt.Limits;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Metering;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Ingest;

/// <summary>
/// What MQTT means to a node. Devices (user name: a <see cref="LoginName"/>, password: secret; or a certificate, and no user name or their own) publish and subscribe below <c>devices/{id}/</c>; gateways
/// (the same) and applications (<see cref="ITokenStore.MqttUser"/>, token) listen within their scope. Telemetry is decoded straight into a
/// batch, committed by the <see cref="IngestWriter"/>, acknowledged after the commit and then sent to live subscribers; what cannot be stored is
/// refused and noted; when the store fails, the connection ends without an acknowledgement. A client id is its owner's (the device, the gateway or the
/// token): nobody takes over another's connection by it.
/// </summary>
public sealed partial class TelemetryMqttHost : IMqttHost, IDisposable
{
    internal const string StoreRefusal = "The node stores no more series of this device.";
    internal const string NotToldYet = "This gateway has not been told yet whose devices it serves; try again in a moment.";
    private const string ConnectionQuota = "The tenant's quota of connections is used up.";
    private const string DeviceOwner = "device/";
    private const string GatewayOwner = "gateway/";
    private const string ApplicationOwner = "application/";

    private readonly DeviceDirectory devices;
    private readonly GatewayDirectory gateways;
    private readonly ITokenStore tokens;
    private readonly TenantDirectory tenants;
    private readonly CertificateDirectory certificates;
    private readonly CertificateEntrance entrance;
    private readonly IEnrolment? enrolment;
    private readonly DeviceEnrolment? enrolments;
    private readonly ITopicRules? topicRules;
    private readonly Lazy<IReadOnlyList<IDeviceTopics>> topicsOfDevices;
    private readonly AccessMap accesses;
    private readonly IngestWriter writer;
    private readonly IRejectionLog rejections;
    private readonly IDeviceActivity activity;
    private readonly HopLog hops;
    private readonly IngestCounters counters;
    private readonly ServiceCounters service;
    private readonly PayloadLimits limits;
    private readonly DeviceIngestOptions options;
    private readonly Meter meter;
    private readonly TimeProvider time;
    private readonly ILogger<TelemetryMqttHost> logger;
    private readonly DevicePresence presence;
    private readonly TelemetryBurstPool bursts;
    private readonly LivePublisher live;
    private readonly TaskCompletionSource<Exception> storageFault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MqttBroker? broker;

    public TelemetryMqttHost(
        DeviceDirectory devices, GatewayDirectory gateways, ITokenStore tokens, TenantDirectory tenants, CertificateDirectory certificates, CertificateEntrance entrance, AccessMap accesses, IngestWriter writer, IRejectionLog rejections,
        IDeviceActivity activity, HopLog hops, IngestCounters counters, ServiceCounters service, PayloadLimits limits, IOptions<DeviceIngestOptions> options, LivePublisher live, Meter meter, TimeProvider time,
        ILogger<TelemetryMqttHost> logger, IEnrolment? enrolment = null, DeviceEnrolment? enrolments = null, ITopicRules? topicRules = null, Lazy<IReadOnlyList<IDeviceTopics>>? topicsOfDevices = null)
    {
        (this.devices, this.gateways, this.tokens, this.tenants, this.certificates, this.accesses) = (devices, gateways, tokens, tenants, certificates, accesses);
        (this.entrance, this.enrolment, this.enrolments, this.topicRules) = (entrance, enrolment, enrolments, topicRules);
        this.topicsOfDevices = topicsOfDevices ?? new([]);
        (this.writer, this.rejections) = (writer, rejections);
        (this.activity, this.hops, this.counters, this.service, this.limits, this.options) = (activity, hops, counters, service, limits, options.Value);
        (this.live, this.meter, this.time, this.logger) = (live, meter, time, logger);
        presence = new DevicePresence(this.options.MaxConnectionsPerDevice);
        bursts = new TelemetryBurstPool(this);
        devices.Revoked += OnRevoked;
        devices.RightsChanged += OnRights;
        gateways.Revoked += OnRevoked;
        tokens.Ended += OnEnded;
        certificates.Ended += OnEnded;
        certificates.PolicyChanged += OnPolicy;
        tenants.Changed += OnTenantChanged;
        meter.QuotasChanged += OnQuotas;
    }

    /// <summary>
    /// A device answered a command: the command's name, the request and the payload. On the connection's read loop; must be quick. Gives a task where the answer is to be kept: the device is
    /// acknowledged when it completes, and not at all when it fails. Null where nobody waits for it.
    /// </summary>
    public event Func<TenantId, DeviceId, string, string, byte[], Task?>? Responded;

    /// <summary>Completes when the disk has refused what the broker was to keep, with why.</summary>
    public Task<Exception> StorageFault => storageFault.Task;

    /// <summary>Devices that have a connection here now.</summary>
    public int ConnectedDevices => presence.Count;

    /// <summary>Whether the device has a connection here now.</summary>
    public bool IsConnected(TenantId tenant, DeviceId device) => presence.IsConnected(tenant, device);

    /// <summary>Messages that wait here for the device, in sessions of its own.</summary>
    public int WaitingFor(TenantId tenant, DeviceId device) => broker?.Inspection.UndeliveredTo(tenant.Value, OwnerOf(device)) ?? 0;

    public void Attach(MqttBroker broker)
    {
        this.broker = broker;
        foreach (var tenant in meter.All)
            OnQuotas(tenant);
    }

    public void StorageFailed(Exception fault) => storageFault.TrySetResult(fault);

    public ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) =>
        request.ClientCertificate is { } certificate ? ConnectByCertificateAsync(certificates.Check(certificate), request, cancellationToken) : new(Connect(request));

    private ConnectDecision Connect(ConnectRequest request)
    {
        var user = request.UserName;
        if (string.IsNullOrEmpty(user))
            return Refuse(tenants.Default, request.ClientId, "no user name", MqttReasonCode.BadUserNameOrPassword);
        var login = LoginName.Of(user, tenants.Default);
        if (login.Name == ITokenStore.MqttUser)
            return ConnectApplication(login, request);
        var check = CredentialPair.Check(login, request.Password.Span, devices, gateways, certificates, out var device, out var gateway);
        if (check.Result == CredentialCheck.Unknown && devices.IsExpected(login.Tenant))
            return ConnectDecision.Refuse(MqttReasonCode.ServerUnavailable, NotToldYet);
        var log = login.LogOf(tenants);
        if (check.Result != CredentialCheck.Accepted)
            return Refuse(log, login.Name, check.Reason, CodeOf(check.Result));
        if (!tenants.IsActive(login.Tenant))
            return Refuse(log, login.Name, "the tenant is disabled", MqttReasonCode.NotAuthorized);
        if (gateway is not null)
            return ConnectDecision.Accept(gateway.Tenant.Value, ClientOf(gateway), OwnerOf(gateway.Gateway));
        return Enter(device!, null);
    }

    private ConnectDecision Enter(DeviceEntry device, CertificateVerdict? certificate) => presence.HasRoom(device)
        ? ConnectDecision.Accept(
            device.Tenant.Value, ConnectionOf(device, certificate), OwnerOf(device.Device), certificate is null ? null : device.Device.Value)
        : Refuse(device.Tenant, device.Device.Value, $"more than {options.MaxConnectionsPerDevice} connections at once", MqttReasonCode.QuotaExceeded);

    public void Full(ConnectRequest request, ConnectDecision decision)
    {
        var subject = decision.UserName ?? (string.IsNullOrEmpty(request.UserName) ? request.ClientId : LoginName.Of(request.UserName, tenants.Default).Name);
        rejections.Record(TenantId.Parse(decision.Namespace), RejectionKind.Authentication, subject, ConnectionQuota);
        LogRefused(ConnectionQuota);
    }

    public void Connected(MqttClient client)
    {
        if (client.State is not DeviceConnection connection)
            return;
        connection.Client = client;
        if (presence.Add(connection))
            activity.Connected(connection.Entry, time.GetUtcNow());
        // Revoked between the check of its secret and now: the revocation did not see the connection yet.
        if (!devices.TryGet(connection.Entry.Tenant, connection.Entry.Device, out var now) || !HoldsFor(connection, now))
        {
            End(connection);
            return;
        }
        connection.Rights = now.Rights;
        foreach (var topics in topicsOfDevices.Value)
            topics.OnConnected(connection.Entry.Tenant, connection.Entry.Device);
    }

    public void Disconnected(MqttClient client, DisconnectCause cause)
    {
        if (client.State is not DeviceConnection connection)
            return;
        if (connection.Open is { } unsent)
        {
            connection.Open = null;
            bursts.Return(unsent);
        }
        if (presence.Remove(connection))
            activity.Disconnected(connection.Entry, time.GetUtcNow(), Describe(cause));
    }

    /// <summary>A session ends with the device, gateway or token whose it is, and while that or its tenant is disabled.</summary>
    public ConnectDecision Review(KnownClient client)
    {
        var tenant = TenantId.Parse(client.Namespace);
        object? state = null;
        if (!tenants.IsActive(tenant))
            return ConnectDecision.Refuse(MqttReasonCode.NotAuthorized);
        if (client.Owner.StartsWith(DeviceOwner, StringComparison.Ordinal))
            state = FindDevice(tenant, client.Owner) is { Enabled: true } device ? ConnectionOf(device, null) : null;
        else if (client.Owner.StartsWith(GatewayOwner, StringComparison.Ordinal))
            state = GatewayId.TryParse(client.Owner[GatewayOwner.Length..], out var id) && gateways.TryGet(tenant, id, out var gateway) && gateway.Enabled ? ClientOf(gateway) : null;
        else if (client.Owner.StartsWith(ApplicationOwner, StringComparison.Ordinal))
            state = tokens.FindById(client.Owner[ApplicationOwner.Length..]) is { } known && (known.Tenant == tenant || known.IsPlatformOwner) ? new ApplicationClient(accesses.Of(known, tenant)) : null;
        return state is null ? ConnectDecision.Refuse(MqttReasonCode.NotAuthorized) : ConnectDecision.Accept(client.Namespace, state, client.Owner);
    }

    public bool MayRetain(KnownClient author, ReadOnlySpan<byte> topic) => FindDevice(TenantId.Parse(author.Namespace), author.Owner) is { Enabled: true };

    public bool MaySubscribe(MqttClient client, string topicFilter)
    {
        var allowed = client.State is DeviceConnection connection
            ? (topicFilter.StartsWith(connection.TopicText, StringComparison.Ordinal) && connection.Topics?.MaySubscribe(topicFilter.AsSpan(connection.TopicText.Length)) != false) || ProvisioningTopics.IsAnswer(topicFilter)
            : client.State is EnrollingClient ? ProvisioningTopics.IsAnswer(topicFilter)
            : client.State is ApplicationClient application && application.MaySubscribe(topicFilter);
        if (!allowed)
            rejections.Record(TenantId.Parse(client.Namespace), RejectionKind.Permission, client.UserName ?? "", $"may not subscribe to {topicFilter}");
        return allowed;
    }

    public bool ChecksEachMessage(MqttClient client) => client.State is DeviceConnection or ApplicationClient { IsScoped: true };

    public bool MayReceive(MqttClient client, ReadOnlySpan<byte> topic) => client.State switch
    {
        ApplicationClient application => application.MayReceive(topic),
        DeviceConnection connection => topic.StartsWith("provision/"u8)
            || (topic.StartsWith(connection.TopicPrefix) && (connection.Rights.Commands || !TelemetryTopics.IsCommand(topic[connection.TopicPrefix.Length..]))),
        EnrollingClient => topic.StartsWith("provision/"u8),
        _ => false,
    };

    public void Dispose()
    {
        devices.Revoked -= OnRevoked;
        devices.RightsChanged -= OnRights;
        gateways.Revoked -= OnRevoked;
        tokens.Ended -= OnEnded;
        certificates.Ended -= OnEnded;
        certificates.PolicyChanged -= OnPolicy;
        tenants.Changed -= OnTenantChanged;
        meter.QuotasChanged -= OnQuotas;
    }

    private DeviceConnection ConnectionOf(DeviceEntry device, CertificateVerdict? certificate) =>
        new(device, options.MaxBurstsInFlight, meter.Of(device.Tenant)) { Certificate = certificate, Topics = topicRules?.Find(device.Tenant, device.Device) };

    private static string OwnerOf(DeviceId device) => DeviceOwner + device.Value;

    private static string OwnerOf(GatewayId gateway) => GatewayOwner + gateway.Value;

    private DeviceEntry? FindDevice(TenantId tenant, string owner) =>
        owner.StartsWith(DeviceOwner, StringComparison.Ordinal) && DeviceId.TryParse(owner[DeviceOwner.Length..], out var id) && devices.TryGet(tenant, id, out var entry) ? entry : null;

    private ApplicationClient ClientOf(GatewayEntry gateway) => new(accesses.Of(Principal.Of(gateway.Tenant, gateway.Gateway, gateway.Site), gateway.Tenant));

    /// <summary>A token is of its tenant; a platform owner's serves every one that the user name says.</summary>
    private ConnectDecision ConnectApplication(in LoginName login, ConnectRequest request)
    {
        var principal = request.Password.Length <= DeviceSecrets.MaxLength ? tokens.Find(Encoding.UTF8.GetString(request.Password.Span)) : null;
        if (principal is null)
            return Refuse(login.LogOf(tenants), ITokenStore.MqttUser, "unknown token", MqttReasonCode.BadUserNameOrPassword);
        var tenant = login.IsExplicit || principal.IsPlatformOwner ? login.Tenant : principal.Tenant;
        if (!tenants.IsActive(tenant) || (tenant != principal.Tenant && !principal.IsPlatformOwner))
            return Refuse(login.LogOf(tenants), ITokenStore.MqttUser, "the token is of another tenant", MqttReasonCode.BadUserNameOrPassword);
        return ConnectDecision.Accept(tenant.Value, new ApplicationClient(accesses.Of(principal, tenant)), ApplicationOwner + principal.Id);
    }

    private void OnQuotas(TenantMeter tenant)
    {
        var quotas = tenant.Quotas;
        broker?.Limit(tenant.Tenant.Value, quotas.MessagesPerSecond is null && quotas.BytesPerSecond is null && quotas.Connections is null
            ? null
            : new NamespaceLimits(quotas.MessagesPerSecond ?? 0, quotas.BytesPerSecond ?? 0, quotas.MessageBurst ?? 0, quotas.Connections ?? 0));
    }

    private ConnectDecision Refuse(TenantId tenant, string subject, string reason, MqttReasonCode code)
    {
        rejections.Record(tenant, RejectionKind.Authentication, subject, reason);
        LogRefused(reason);
        return ConnectDecision.Refuse(code, code == MqttReasonCode.BadUserNameOrPassword ? "User name or password is wrong." : reason);
    }

    private void OnEnded(Principal principal) => _ = broker?.ReviewAccess(null, ApplicationOwner + principal.Id);

    private void OnEnded(TenantId tenant, string issuer, string? serial)
    {
        foreach (var connection in presence.By(tenant, issuer, serial))
            End(connection);
    }

    /// <summary>What was opened with a secret ends where secrets are not admitted any more.</summary>
    private void OnPolicy(TenantId tenant)
    {
        if (certificates.PolicyOf(tenant).AllowsSecrets)
            return;
        foreach (var connection in presence.BySecret(tenant))
            End(connection);
    }

    private void OnTenantChanged(TenantId tenant)
    {
        if (!tenants.IsActive(tenant))
            _ = broker?.ReviewAccess(tenant.Value);
    }

    private void OnRevoked(DeviceEntry old, DeviceEntry? now)
    {
        foreach (var connection in presence.Of(old.Tenant, old.Device).Where(c => now is null || !HoldsFor(c, now)))
            End(connection);
        if (now is not { Enabled: true })
            _ = broker?.ReviewAccess(old.Tenant.Value, OwnerOf(old.Device));
    }

    private void OnRights(DeviceEntry now)
    {
        foreach (var connection in presence.Of(now.Tenant, now.Device))
            connection.Rights = now.Rights;
    }

    private void OnRevoked(GatewayEntry old, GatewayEntry? now)
    {
        if (now is not { Enabled: true })
            _ = broker?.ReviewAccess(old.Tenant.Value, OwnerOf(old.Gateway));
    }

    private static void End(DeviceConnection connection)
    {
        connection.Fail();
        connection.Client?.Disconnect(MqttReasonCode.NotAuthorized, "The device's access was revoked, or its secret or certificate is not good any more.");
    }

    /// <summary>Whether what the connection was made with still lets it in.</summary>
    private bool HoldsFor(DeviceConnection connection, DeviceEntry now) => now.Enabled
        && (connection.Certificate is { } certificate ? certificates.IsGood(certificate.Issuer, certificate.Serial) : certificates.PolicyOf(now.Tenant).AllowsSecrets && now.SecretHash.Span.SequenceEqual(connection.Entry.SecretHash.Span));

    private static MqttReasonCode CodeOf(CredentialCheck check) =>
        check == CredentialCheck.Disabled ? MqttReasonCode.NotAuthorized : MqttReasonCode.BadUserNameOrPassword;

    private static string Describe(DisconnectCause cause) => cause switch
    {
        DisconnectCause.ByClient => "closed by the device",
        DisconnectCause.KeepAliveTimeout => "nothing heard within the keep-alive",
        DisconnectCause.ProtocolError => "closed after a protocol error",
        DisconnectCause.TakenOver => "taken over by a newer connection",
        DisconnectCause.ByServer => "closed by the node",
        _ => "connection lost",
    };
}
