using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Hooks;

/// <summary>
/// The tenants' hooks and their queues: one after the other to each, at most four tries, the oldest forgotten when a receiver is too slow. Held in memory, so that what waits is lost when the node ends; the devices' histories have
/// it. Sent as <c>POST</c> with <c>Strata-Signature: t=SECONDS,v1=HEX</c>, the HMAC-SHA256 by the hook's secret over <c>SECONDS.BODY</c>.
/// </summary>
internal sealed class LifecycleHooks(RegistryStore registry, DevicesOptions options, TimeProvider time) : IHostedService, ITenantHooks, IDisposable
{
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(25)];

    private readonly ConcurrentDictionary<TenantId, ImmutableArray<LifecycleHookRow>> known = new();
    private readonly ConcurrentDictionary<(TenantId, string), Line> lines = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(1) })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    /// <summary>Https, or this machine.</summary>
    public static bool IsAllowed(string text) =>
        text.Length <= 2_000 && Uri.TryCreate(text, UriKind.Absolute, out var address) && address.UserInfo.Length == 0
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    public ImmutableArray<LifecycleHookRow> Of(TenantId tenant) => known.GetValueOrDefault(tenant, []);

    /// <summary>How a hook fares since the node's start.</summary>
    public (long Delivered, long Failed, string? Why) StateOf(TenantId tenant, string name) => lines.TryGetValue((tenant, name), out var line) ? (line.Delivered, line.Failed, line.Why) : (0, 0, null);

    /// <summary>Follows a change that was written.</summary>
    public void Set(TenantId tenant, string name, LifecycleHookRow? row)
    {
        known.AddOrUpdate(
            tenant, _ => row is null ? [] : [row], (_, rows) => row is null ? rows.RemoveAll(r => r.Name == name) : rows.RemoveAll(r => r.Name == name).Add(row));
        if (lines.TryRemove((tenant, name), out var line))
            line.Waiting.Writer.TryComplete();
    }

    /// <summary>A step of a device's life: for hooks that name its new state, or nothing.</summary>
    public void Tell(TenantId tenant, LifecycleEvent happened, byte[] payload) => Tell(tenant, hook => hook.States.IsEmpty || hook.States.Contains(happened.To), payload);

    /// <summary>What happened in another slice: for hooks that name it.</summary>
    public void Tell(TenantId tenant, string kind, byte[] payload) => Tell(tenant, hook => hook.States.Any(s => s == kind || (s.EndsWith(".*", StringComparison.Ordinal) && kind.StartsWith(s[..^1], StringComparison.Ordinal))), payload);

    private void Tell(TenantId tenant, Func<LifecycleHookRow, bool> wants, byte[] payload)
    {
        foreach (var hook in Of(tenant))
        {
            if (!wants(hook))
                continue;
            var line = lines.GetOrAdd((tenant, hook.Name), _ => new Line(options.MaxWaitingOfHook));
            line.Begin(() => DeliverAsync(hook, line));
            line.Waiting.Writer.TryWrite(payload);
        }
    }

    /// <summary>The header's value.</summary>
    public static string Sign(string secret, long seconds, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seconds}.")), .. body];
        return string.Create(CultureInfo.InvariantCulture, $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed))}");
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in registry.Tenants)
        {
            await using var context = registry.CreateContext(tenant);
            if (await context.LifecycleHooks.ToListAsync(cancellationToken) is { Count: > 0 } rows)
                known[tenant] = [.. rows];
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(lines.Values.Select(l => l.Run)).WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        http.Dispose();
        stopping.Dispose();
    }

    private async Task DeliverAsync(LifecycleHookRow hook, Line line)
    {
        try
        {
            await foreach (var payload in line.Waiting.Reader.ReadAllAsync(stopping.Token))
                await TryAsync(hook, line, payload);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task TryAsync(LifecycleHookRow hook, Line line, byte[] payload)
    {
        for (var attempt = 0; ; attempt++)
        {
            var why = await SendAsync(hook, payload);
            if (why is null)
            {
                line.Delivered++;
                return;
            }
            if (attempt == Pauses.Length)
            {
                (line.Failed, line.Why) = (line.Failed + 1, why);
                return;
            }
            await Task.Delay(Pauses[attempt], time, stopping.Token);
        }
    }

    /// <summary>Null when it was taken; otherwise why not.</summary>
    private async Task<string?> SendAsync(LifecycleHookRow hook, byte[] payload)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new ByteArrayContent(payload) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("Strata-Signature", Sign(hook.Secret, time.GetUtcNow().ToUnixTimeSeconds(), payload));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping.Token);
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException failure)
        {
            return failure.Message;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return "it did not answer within 10 s";
        }
    }

    /// <summary>What waits for one hook.</summary>
    private sealed class Line(int capacity)
    {
        private readonly Lock gate = new();

        public Channel<byte[]> Waiting { get; } = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        public Task Run { get; private set; } = Task.CompletedTask;

        public long Delivered { get; set; }

        public long Failed { get; set; }

        public string? Why { get; set; }

        private bool begun;

        public void Begin(Func<Task> run)
        {
            lock (gate)
            {
                if (begun)
                    return;
                begun = true;
                Run = Task.Run(run);
            }
        }
    }
}
