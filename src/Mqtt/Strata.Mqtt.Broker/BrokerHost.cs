using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Broker;

/// <summary>
/// What MQTT means to a broker that only passes messages on: names and passwords, rules, limits, one namespace. The files are looked at once a second; what they do not
/// allow any more ends then.
/// </summary>
internal sealed partial class BrokerHost(
    UserFile? users, RuleFile rules, BanFile? bans, LimitFile limits, bool anonymous, bool certificates, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<BrokerHost> logger) : IMqttHost, IDisposable
{
    private const string Namespace = "main";
    private const string CertificateOwner = "certificate";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Lock looking = new();
    private MqttBroker? broker;
    private ITimer? timer;

    /// <summary>Why the broker ended, when the disk is the reason.</summary>
    public Exception? StorageFault { get; private set; }

    public void Attach(MqttBroker served)
    {
        broker = served;
        if (bans is not null)
            served.Bans.Exchange([], bans.Current);
        timer = time.CreateTimer(_ => LookAgain(), null, LookEvery, LookEvery);
    }

    public async ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        if (request.AuthenticatedUser is { } proved && request.UserName is { Length: > 0 } said && said != proved)
            return Refuse(request, MqttReasonCode.BadUserNameOrPassword, "the user name is not the one that was proved");
        var user = request.AuthenticatedUser ?? request.UserName;
        if (certificates && string.IsNullOrEmpty(user) && request.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } shown)
            return Accept(request, shown, CertificateOwner);
        if (string.IsNullOrEmpty(user) && !anonymous)
            return Refuse(request, MqttReasonCode.BadUserNameOrPassword, "no user name");
        if (request.AuthenticatedUser is null && !string.IsNullOrEmpty(user) && (users is not null || !anonymous)
            && (users is null || !await users.VerifyAsync(user, request.Password, cancellationToken).ConfigureAwait(false)))
            return Refuse(request, MqttReasonCode.BadUserNameOrPassword, "unknown name or wrong password");
        return Accept(request, user, owner: "");
    }

    /// <summary>A session whose user is gone, or could not connect now, ends.</summary>
    public ConnectDecision Review(KnownClient client) =>
        IsKnown(client) ? ConnectDecision.Accept(Namespace, client.UserName, client.Owner) : ConnectDecision.Refuse(MqttReasonCode.NotAuthorized);

    public void StorageFailed(Exception fault)
    {
        StorageFault = fault;
        lifetime.StopApplication();
    }

    public bool OffersScram => users is not null;

    public ValueTask<PasswordHash?> FindPasswordAsync(string userName, CancellationToken cancellationToken) => new(users?.Find(userName));

    public bool MaySubscribe(MqttClient client, string topicFilter)
    {
        if (rules.Current.MaySubscribe(NamesOf(client), topicFilter))
            return true;
        LogDenied(client.ClientId, "subscribe to", topicFilter);
        return false;
    }

    public bool MayReceive(MqttClient client, ReadOnlySpan<byte> topic) =>
        rules.Current.MaySubscribe(NamesOf(client), Encoding.UTF8.GetString(topic));

    public bool MayRetain(KnownClient author, ReadOnlySpan<byte> topic) => IsKnown(author) && rules.Current.MayPublish(Names(author.ClientId, author.UserName), topic);

    public PublishVerdict OnPublish(MqttClient client, in InboundPublish publish)
    {
        if (rules.Current.MayPublish(NamesOf(client), publish.Topic))
            return PublishVerdict.Route;
        if (logger.IsEnabled(LogLevel.Debug))
            LogDenied(client.ClientId, "publish to", Encoding.UTF8.GetString(publish.Topic));
        return PublishVerdict.Refuse(MqttReasonCode.NotAuthorized, "The rules do not allow it.");
    }

    public void Disconnected(MqttClient client, DisconnectCause cause) => LogGone(client.ClientId, cause);

    public void Dispose()
    {
        timer?.Dispose();
        users?.Dispose();
    }

    private ConnectDecision Accept(ConnectRequest request, string? user, string owner) => rules.Current.Accepts(Names(request.ClientId, user))
        ? ConnectDecision.Accept(Namespace, user, owner, user)
        : Refuse(request, MqttReasonCode.ClientIdentifierNotValid, "the client id or user name cannot stand in a rule's filter: it is empty, holds +, #, / or NUL, or begins with $ where a rule's filter begins with it");

    /// <summary>A general broker knows no devices: a device is who has proved a name, which is that name.</summary>
    private static ClientNames Names(string clientId, string? user) => new(clientId, user, user);

    private static ClientNames NamesOf(MqttClient client) => Names(client.ClientId, (string?)client.State);

    private bool IsKnown(KnownClient client) =>
        (client.Owner == CertificateOwner ? certificates : client.UserName is not null && users is not null ? users.Find(client.UserName) is not null : anonymous) && rules.Current.Accepts(Names(client.ClientId, client.UserName));

    private void LookAgain()
    {
        lock (looking)
        {
            if (limits.LookAgain())
            {
                broker!.Change(limits.Apply);
                LogLimits();
            }

            LookAtBans();
            var changed = rules.LookAgain();
            if (users?.LookAgain() == true || changed)
                _ = broker!.ReviewAccess();
        }
    }

    /// <summary>What was banned or let in otherwise than by the file stays so.</summary>
    private void LookAtBans()
    {
        var former = bans?.Current;
        if (bans?.LookAgain() != true)
            return;
        try
        {
            broker!.Bans.Exchange(former!, bans.Current);
        }
        catch (InvalidOperationException e)
        {
            LogTooManyBans(e.Message);
        }
    }

    private ConnectDecision Refuse(ConnectRequest request, MqttReasonCode code, string reason)
    {
        LogRefused(request.ClientId, request.RemoteEndPoint?.ToString() ?? "a local socket", reason);
        return ConnectDecision.Refuse(code, code == MqttReasonCode.BadUserNameOrPassword ? "User name or password is wrong." : reason);
    }

    [LoggerMessage(7060, LogLevel.Information, "Client {Client} at {From} is refused: {Reason}.")]
    private partial void LogRefused(string client, string from, string reason);

    [LoggerMessage(7061, LogLevel.Debug, "Client {Client} may not {Action} {Topic}.")]
    private partial void LogDenied(string client, string action, string topic);

    [LoggerMessage(7004, LogLevel.Information, "Other limits are in force.")]
    private partial void LogLimits();

    [LoggerMessage(7005, LogLevel.Error, "The file of --bans has changed and is not followed: {Problem}")]
    private partial void LogTooManyBans(string problem);

    [LoggerMessage(7003, LogLevel.Debug, "Client {Client} is gone: {Cause}.")]
    private partial void LogGone(string client, DisconnectCause cause);
}
