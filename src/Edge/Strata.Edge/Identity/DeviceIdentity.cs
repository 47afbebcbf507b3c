using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Edge.Delivery;

namespace Strata.Edge.Identity;

/// <summary>
/// The agent's own identity: enrols with its birth certificate, renews at two thirds of the life, and enrols anew when what it has lets it in no more, be it after 200 days of sleep. One task at a time.
/// </summary>
internal sealed partial class DeviceIdentity(
    AgentIdentityOptions options, string dataDirectory, GatewayTrust trust, IReadOnlyList<GatewayAddress> gateways, DeliveryOptions delivery, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly IdentityFolder folder = IdentityFolder.Open(dataDirectory, options.KeyUri);
    private volatile OperationalIdentity? current;
    private volatile bool isRefused;
    private DateTimeOffset lastTried = DateTimeOffset.MinValue;

    /// <summary>What it has; null until it has enrolled.</summary>
    public OperationalIdentity? Current => current;

    /// <summary>The name by which it asks: its serial number.</summary>
    public string Serial { get; private set; } = "";

    /// <summary>Reads what there is. Enrolling is for <see cref="EnrolAsync"/>, as it needs somebody who answers.</summary>
    /// <exception cref="EdgeConfigurationException">The birth certificate cannot be read.</exception>
    public void Load()
    {
        using var birth = Birth();
        Serial = options.Serial ?? NameOf(birth);
        if (!DeviceId.TryParse(Serial, out _))
            throw new EdgeConfigurationException($"--birth: '{Serial}', the common name of {options.BirthCertificateFile}, is no serial number of a device; give one by --serial.");
        current = folder.Current ?? folder.Previous;
    }

    /// <summary>What it has lets it in no more, or may only enrol: asks for another with what may, the newest first. False when nobody gave one.</summary>
    public async Task<bool> EnrolAsync(CancellationToken cancellationToken)
    {
        using var birth = Birth();
        using var previous = folder.Previous;
        foreach (var gateway in gateways)
        {
            foreach (var (proof, name) in new[] { (current?.Certificate, current?.Name.Device.Value), (previous?.Certificate, previous?.Name.Device.Value), (birth, Serial) })
            {
                if (proof is not null && await TryEnrolAsync(gateway, proof, name!, cancellationToken))
                    return true;
            }
        }
        return false;
    }

    /// <summary>Whether the next certificate is due.</summary>
    public bool IsDue => time.GetUtcNow() >= current!.RenewAt && (time.GetUtcNow() - lastTried).Duration() >= options.RetryAfter;

    /// <summary>Whether it has nothing that lets it in, as far as is known here: its life is over, or a gateway has said so.</summary>
    public bool IsDoubtful => isRefused || current?.IsPast(time.GetUtcNow()) != false;

    /// <summary>A gateway does not let the agent in, or lets it do nothing, by what it has.</summary>
    public void Doubt() => isRefused = true;

    /// <summary>Asks for the next certificate over a link that stands. True when it has it: the next connection is by it.</summary>
    public async Task<bool> RenewAsync(GatewayLink link, CancellationToken cancellationToken)
    {
        lastTried = time.GetUtcNow();
        using var key = folder.NextKey();
        var answer = await Enroller.AskAsync(link.Client, Enroller.Renew, key, current!.Name.Device.Value, options.AnswerLimit, cancellationToken);
        return Adopt(answer, key, link.Address, "renewed");
    }

    public void Dispose()
    {
        current?.Dispose();
        folder.Dispose();
    }

    private async Task<bool> TryEnrolAsync(GatewayAddress gateway, X509Certificate2 proof, string name, CancellationToken cancellationToken)
    {
        try
        {
            await using var link = await GatewayLink.ConnectAsync(gateway, DeviceId.Parse(name), new LinkProof(null, proof, trust), delivery, cancellationToken);
            using var key = folder.NextKey();
            return Adopt(await Enroller.AskAsync(link.Client, Enroller.Claim, key, name, options.AnswerLimit, cancellationToken), key, gateway, "issued");
        }
        catch (GatewayUnreachableException reason)
        {
            NotEnrolled(logger, gateway, reason.Message);
            return false;
        }
    }

    private bool Adopt(in EnrolmentAnswer answer, ECDsa key, GatewayAddress gateway, string how)
    {
        if (answer.Certificate is not { } certificate)
        {
            NotEnrolled(logger, gateway, answer.Reason);
            return false;
        }
        try
        {
            // Before the certificate: it is asked for again where this was cut short.
            if (gateway.IsTls && trust.Learn(answer.Anchors))
                Learned(logger, gateway);
            var next = folder.Adopt(key, certificate);
            if (current is not null && current.Name != next.Name)
            {
                NotEnrolled(logger, gateway, $"the certificate names {next.Name.Uri}, and this agent is {current.Name.Uri}");
                return false;
            }
            (current, isRefused) = (next, false);
            Enrolled(logger, how, next.Name.Uri, next.Certificate.NotAfter.ToUniversalTime());
            return true;
        }
        catch (CryptographicException reason)
        {
            NotEnrolled(logger, gateway, reason.Message);
            return false;
        }
    }

    private X509Certificate2 Birth()
    {
        try
        {
            return TokenKey.IsUri(options.BirthKeyFile) ? BirthOfToken() : X509Certificate2.CreateFromPemFile(options.BirthCertificateFile, options.BirthKeyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new EdgeConfigurationException($"--birth: {options.BirthCertificateFile} with {options.BirthKeyFile} is no certificate with its key (PEM): {e.Message}", e);
        }
    }

    private X509Certificate2 BirthOfToken()
    {
        using var token = TokenKey.Open(options.BirthKeyFile, "--birth-key");
        using var key = token.Create();
        using var bare = X509Certificate2.CreateFromPem(File.ReadAllText(options.BirthCertificateFile));
        return bare.CopyWithPrivateKey(key);
    }

    private static string NameOf(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    [LoggerMessage(4460, LogLevel.Information, "A certificate was {How} for {Name}, valid until {Until:yyyy-MM-dd HH:mm} UTC.")]
    private static partial void Enrolled(ILogger logger, string how, string name, DateTime until);

    [LoggerMessage(4402, LogLevel.Information, "{Gateway} has said which roots are to be trusted from now on.")]
    private static partial void Learned(ILogger logger, GatewayAddress gateway);

    [LoggerMessage(4401, LogLevel.Warning, "{Gateway} gives no certificate: {Reason}. Asked again later.")]
    private static partial void NotEnrolled(ILogger logger, GatewayAddress gateway, string reason);
}
