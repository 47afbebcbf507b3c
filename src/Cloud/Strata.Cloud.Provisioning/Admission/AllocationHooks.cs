using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Provisioning.Enrolment;
using Strata.Cloud.Provisioning.Templates;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>
/// Asks a tenant's own program before a device is registered. The question is signed (<c>Strata-Signature: t=SECONDS,v1=HMAC</c> over <c>SECONDS.BODY</c> with the tenant's hook key); whatever is no
/// clear yes within the time is a no.
/// </summary>
internal sealed partial class AllocationHooks(HookKeys keys, TimeProvider time, ILogger<AllocationHooks> logger) : IDisposable
{
    public const string SignatureHeader = "Strata-Signature";

    private const int MaxAnswerBytes = 16 * 1024;

    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, MaxConnectionsPerServer = 64, ConnectTimeout = AllocationHook.MostTimeout });

    public async Task<Outcome<AssignedDevice>> AskAsync(AllocationHook hook, Arrival arrival, AssignedDevice proposed, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(hook.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var device = arrival.Device;
            var question = new AllocationQuestion(
                arrival.Tenant.Value, proposed.Template, new TestedDevice(device.Sku, device.Serial, device.Issuer, device.IssuerName, device.Subject, device.Gateway, device.Enrolment, device.Registration),
                TemplateContent.Info(proposed));
            var body = JsonSerializer.SerializeToUtf8Bytes(question, ContractsJson.Default.AllocationQuestion);
            using var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add(SignatureHeader, Sign(await keys.GetAsync(arrival.Tenant, either.Token), time.GetUtcNow().ToUnixTimeSeconds(), body));
            using var response = await http.SendAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
                return No(hook, $"answered {(int)response.StatusCode}");
            var answer = await ReadAsync(response, either.Token);
            return answer is null ? No(hook, $"answered with more than {MaxAnswerBytes:N0} bytes, or with nothing") : Merge(hook, answer, proposed);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return No(hook, $"did not answer within {hook.Timeout.TotalSeconds:0.###} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return No(hook, e is JsonException ? "answered with what is no answer" : "cannot be reached");
        }
    }

    public static string Sign(ReadOnlySpan<byte> key, long seconds, ReadOnlySpan<byte> body) =>
        $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(key, [.. Encoding.ASCII.GetBytes($"{seconds}."), .. body]))}";

    public void Dispose() => http.Dispose();

    private static async Task<AllocationAnswer?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[MaxAnswerBytes + 1];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return length is 0 or > MaxAnswerBytes ? null : JsonSerializer.Deserialize(bytes.AsSpan(0, length), ContractsJson.Default.AllocationAnswer);
    }

    private Outcome<AssignedDevice> Merge(AllocationHook hook, AllocationAnswer answer, AssignedDevice proposed)
    {
        if (answer.Allow != true)
            return new Problem(ProblemKind.Forbidden, $"the allocation hook of template {proposed.Template} says no{(answer.Reason is { Length: > 0 } why ? $": {new string([.. why.Take(200).Where(c => !char.IsControl(c))])}" : "")}");
        if (answer.Id is not null && !DeviceId.TryParse(answer.Id, out _))
            return No(hook, "named no device id");
        if (answer.Site is not null && !SiteId.TryParse(answer.Site, out _))
            return No(hook, "named no place");
        var tags = answer.Tags is null ? proposed.Tags : proposed.Tags.SetItems(answer.Tags);
        return DeviceTags.Check(tags) is not null
            ? No(hook, "gave tags that are none")
            : proposed with { Id = answer.Id is null ? proposed.Id : DeviceId.Parse(answer.Id), Site = answer.Site ?? proposed.Site, Tags = tags };
    }

    private Problem No(AllocationHook hook, string why)
    {
        LogNo(hook.Url.Host, why);
        return new Problem(ProblemKind.Unavailable, $"the allocation hook {why}; nothing is registered without its yes");
    }

    [LoggerMessage(5361, LogLevel.Warning, "The allocation hook at {Host} {Why}; the device was refused.")]
    private partial void LogNo(string host, string why);
}
