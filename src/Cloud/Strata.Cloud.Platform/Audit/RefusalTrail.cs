using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Platform.Audit;

/// <summary>
/// Changes that people and programs tried and that were refused or failed, in the audit trail of the tenant they were tried in: what one principal tried within
/// <see cref="Window"/> is one record with counts, so that a flood of refusals is no flood of records. What was noted in the last minute before a crash is lost.
/// </summary>
public sealed partial class RefusalTrail(AuditTrail trail, AuditNumbers numbers, TimeProvider time, ILogger<RefusalTrail> logger) : BackgroundService
{
    /// <summary>What comes within it of one principal becomes one record.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Principals at once; what further ones try is counted together.</summary>
    public const int MaxPrincipals = 10_000;

    /// <summary>Different requests that a record names; further ones are only counted.</summary>
    public const int MaxNamed = 20;

    private const int MaxPath = 200;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(TenantId Tenant, string Principal, string Result), Tally> tallies = new();

    /// <summary>Notes an attempt.</summary>
    public void Note(TenantId tenant, Principal principal, string? origin, string request, int status)
    {
        var result = status >= 500 ? AuditRow.Failed : AuditRow.Refused;
        var key = (tenant, principal.Id, result);
        if (tallies.Count >= MaxPrincipals && !tallies.ContainsKey(key))
            key = (tenant, "", result);
        while (!tallies.GetOrAdd(key, k => new Tally(k.Principal.Length == 0 ? "others" : principal.Name, origin, time.GetUtcNow())).TryAdd(request, status))
            tallies.TryRemove(key, out _); // It is being written: the next window has begun.
    }

    /// <summary>Writes what is due.</summary>
    /// <param name="all">Also what has not lasted its window yet.</param>
    internal async Task WriteAsync(bool all, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var tenant in tallies.Where(t => all || now - t.Value.Since >= Window).GroupBy(t => t.Key.Tenant))
        {
            var due = tenant.Select(t => (t.Key.Result, Tally: t.Value, IsClosed: t.Value.Close())).ToList();
            foreach (var (key, _) in tenant)
                tallies.TryRemove(key, out _);
            try
            {
                await using var context = trail.CreateContext(tenant.Key);
                foreach (var (result, tally, _) in due)
                {
                    context.Add(new AuditRow
                    {
                        TenantId = tenant.Key.Value, Id = numbers.Next(tenant.Key), Time = now, Actor = tally.Actor, Origin = tally.Origin, Action = "attempt", Kind = "request",
                        Subject = tally.First, Detail = tally.Describe(), Result = result,
                    });
                }
                await context.SaveChangesAsync(cancellationToken);
                numbers.Announce(tenant.Key);
            }
#pragma warning disable CA1031 // A database that is away must not stop the node; what was refused was refused.
            catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogNotWritten(failure, due.Sum(d => d.Tally.Count));
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync(all: false, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await WriteAsync(all: true, CancellationToken.None);
        }
    }

    /// <summary>Around everything that decides on a request: notes those of people and programs that would have changed something and did not.</summary>
    internal static async Task WatchAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception) when (Note(context, StatusCodes.Status500InternalServerError))
        {
            throw; // Never reached: Note answers false.
        }
        if (context.Response.StatusCode is >= 400 and not StatusCodes.Status401Unauthorized)
            Note(context, context.Response.StatusCode);
    }

    private static bool Note(HttpContext context, int status)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method)
            && request.Path.StartsWithSegments("/api/v1") && context.Features.Get<Access>() is { Principal.Kind: PrincipalKind.Person or PrincipalKind.Token } access)
        {
            var path = request.Path.ToString();
            context.RequestServices.GetRequiredService<RefusalTrail>().Note(
                access.Tenant, access.Principal, context.Connection.RemoteIpAddress?.ToString(), $"{request.Method} {(path.Length > MaxPath ? path[..MaxPath] : path)}", status);
        }
        return false;
    }

    [LoggerMessage(5102, LogLevel.Error, "{Count} refused attempts could not be written to the audit trail.")]
    private partial void LogNotWritten(Exception failure, long count);

    /// <summary>What one principal tried since then.</summary>
    private sealed class Tally(string actor, string? origin, DateTimeOffset since)
    {
        private readonly Dictionary<(string Request, int Status), long> named = [];
        private bool isClosed;

        public string Actor => actor;

        public string? Origin => origin;

        public DateTimeOffset Since => since;

        public string First { get; private set; } = "";

        public long Count { get; private set; }

        public bool TryAdd(string request, int status)
        {
            lock (named)
            {
                if (isClosed)
                    return false;
                if (Count++ == 0)
                    First = request;
                if (named.ContainsKey((request, status)) || named.Count < MaxNamed)
                    named[(request, status)] = named.GetValueOrDefault((request, status)) + 1;
                return true;
            }
        }

        public bool Close()
        {
            lock (named)
                return isClosed = true;
        }

        public string Describe() => JsonSerializer.Serialize(
            new { count = Count, since, requests = named.Select(n => new { request = n.Key.Request, status = n.Key.Status, count = n.Value }) }, JsonSerializerOptions.Web);
    }
}

/// <summary>Puts the trail into the node.</summary>
public static class RefusalTrailPipeline
{
    /// <summary>Before everything that may refuse a request, after authentication.</summary>
    public static IApplicationBuilder UseRefusalTrail(this IApplicationBuilder app) => app.Use(next => context => RefusalTrail.WatchAsync(context, next));
}
