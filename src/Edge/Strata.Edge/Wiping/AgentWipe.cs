using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Edge.Delivery;
using Strata.Edge.Identity;

namespace Strata.Edge.Wiping;

/// <summary>
/// The end of an agent: its readings and its state go, then it says so, for which it needs its key, then the key goes. Each part may be done twice, so that a start after a power cut does all of it again.
/// What the factory gave (<c>--birth</c>) is not the agent's and stays; the cloud refuses it until the device is registered again.
/// </summary>
internal sealed partial class AgentWipe(EdgeOptions options, GatewayTrust trust, TimeProvider time, ILogger logger)
{
    private static readonly string[] Data = ["buffer", "losses", "status.json"];
    private readonly WipeMark mark = new(options.DataDirectory);

    private string[] Keys => options.Identity is null ? [options.SecretFile!] : [IdentityFolder.PathIn(options.DataDirectory)];

    /// <summary>Refuses to go on when the agent was wiped, finishes when it was being wiped; else does nothing.</summary>
    /// <exception cref="DeviceWipedException">It was.</exception>
    public async Task GoOnAsync(CancellationToken cancellationToken)
    {
        if (mark.Done is { } done)
            throw new DeviceWipedException($"This device was taken out of service and wiped (request {done.Request}). To provision it anew, register it again and remove {mark.DoneFile}.");
        if (mark.Pending is { } pending)
            await RunAsync(pending, cancellationToken);
    }

    /// <summary>From here on there is no way back.</summary>
    public void Begin(WipeOrder order)
    {
        mark.Begin(order);
        Begun(logger, order.Request, order.Discarded);
    }

    /// <summary>Erases all, and ends by the exception that says so. Nothing may have the buffer open.</summary>
    /// <exception cref="DeviceWipedException">Always, unless the token is cancelled: then the next start goes on.</exception>
    public async Task RunAsync(WipeOrder order, CancellationToken cancellationToken)
    {
        foreach (var name in Data)
            PrivateFile.Erase(Path.Combine(options.DataDirectory, name));
        var told = order.Request.Length > 0 && await TellAsync(order, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var path in Keys)
            EraseKey(path);
        mark.Finish(order);
        throw new DeviceWipedException(
            $"This device was taken out of service and has wiped itself (request {order.Request}; {(told ? "the cloud was told" : "nobody could be told")}; {order.Discarded} readings that were not delivered are gone).");
    }

    private static void EraseKey(string path)
    {
        try
        {
            PrivateFile.Erase(path);
        }
        catch (UnauthorizedAccessException reason)
        {
            throw new IOException($"{path} cannot be erased, and the device is to be wiped: {reason.Message} The next start tries again.", reason);
        }
    }

    private async Task<bool> TellAsync(WipeOrder order, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.WipeAnswerLimit, time);
        using var trying = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            for (var round = 0; ; round++)
            {
                if (await TryTellAsync(order, trying.Token) is { } told)
                    return told;
                await Task.Delay(BackOff.After(round, options.Delivery), time, trying.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>True when it was told, false when nobody lets it in any more, null when it is to be tried again.</summary>
    private async Task<bool?> TryTellAsync(WipeOrder order, CancellationToken cancellationToken)
    {
        List<(DeviceId Device, LinkProof Proof)> proofs;
        try
        {
            proofs = Proofs();
        }
        catch (EdgeConfigurationException reason)
        {
            NoProof(logger, reason.Message);
            return null; // A token that is not there now may be there in a moment.
        }
        var refusals = 0;
        foreach (var (device, proof) in proofs)
        {
            foreach (var gateway in options.Gateways)
            {
                try
                {
                    await using var link = await GatewayLink.ConnectAsync(gateway, device, proof, options.Delivery, cancellationToken);
                    var answer = await link.AnswerWipeAsync(order.Request, Proof(order), cancellationToken);
                    if (answer.Outcome == PublishOutcome.Taken)
                        return true;
                    NotTold(logger, gateway, answer.Reason);
                }
                catch (GatewayUnreachableException reason)
                {
                    refusals += reason.IsRefusal ? 1 : 0;
                    NotTold(logger, gateway, reason.Message);
                }
            }
        }
        return refusals == proofs.Count * options.Gateways.Count ? false : null;
    }

    private List<(DeviceId Device, LinkProof Proof)> Proofs()
    {
        if (options.Identity is null)
            return File.Exists(options.SecretFile) ? [(options.Device!.Value, LinkProof.OfSecretFile(options.SecretFile, trust))] : [];
        using var folder = IdentityFolder.Open(options.DataDirectory, options.Identity.KeyUri);
        return [.. new[] { folder.Current, folder.Previous }.OfType<OperationalIdentity>().Select(i => (i.Name.Device, new LinkProof(null, i.Certificate, trust)))];
    }

    private byte[] Proof(WipeOrder order)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteBoolean("wiped", true);
            Write(json, "erased", Data);
            Write(json, "next", [options.Identity is null ? "secret" : "identity"]);
            if (options.Identity?.KeyUri is not null)
                Write(json, "kept", ["the key in the token"]);
            json.WriteNumber("discardedReadings", order.Discarded);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string name, string[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    [LoggerMessage(4500, LogLevel.Warning, "Told to wipe itself (request {Request}): readings, state and keys go; {Discarded} readings are not delivered.")]
    private static partial void Begun(ILogger logger, string request, long discarded);

    [LoggerMessage(4502, LogLevel.Warning, "Nobody can be told of the wipe: {Reason}")]
    private static partial void NoProof(ILogger logger, string reason);

    [LoggerMessage(4501, LogLevel.Warning, "{Gateway} cannot be told of the wipe: {Reason}.")]
    private static partial void NotTold(ILogger logger, GatewayAddress gateway, string reason);
}
