using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.Postgres;
using Strata.Testing.Postgres;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests.Postgres;

/// <summary>Every question that the store answers, with the queries' own conditions on the tenant taken out: the policies alone give the same answers. Two tenants use the same names.</summary>
public sealed partial class PoliciesAloneTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TenantId Other = TenantId.Parse("other");

    /// <summary>By the method's name; a new method of the store that takes a tenant joins here.</summary>
    private static readonly Dictionary<string, Func<ITelemetryStore, TenantId, Task<object>[]>> Questions = new()
    {
        [nameof(ITelemetryStore.ReadAsync)] = (s, t) =>
        [
            Ask(s.ReadAsync(t, new ReadingRange(), Cancel)), Ask(s.ReadAsync(t, new ReadingRange { Devices = [Room] }, Cancel)), Ask(s.ReadAsync(t, new ReadingRange { Metrics = [Temperature], From = At(0), To = At(9) }, Cancel)),
        ],
        [nameof(ITelemetryStore.LatestAsync)] = (s, t) => [Ask(s.LatestAsync(t, [], Cancel)), Ask(s.LatestAsync(t, [Room, Hall], Cancel))],
        [nameof(ITelemetryStore.AggregateAsync)] = (s, t) =>
            [Ask(s.AggregateAsync(t, new ReadingRange(), 60_000_000, Enum.GetValues<AggregateFunction>(), Cancel)), Ask(s.AggregateAsync(t, new ReadingRange { Devices = [Room] }, 60_000_000, [AggregateFunction.Sum], Cancel))],
        [nameof(ITelemetryStore.CountAsync)] = (s, t) => [Ask(s.CountAsync(t, null, Cancel)), Ask(s.CountAsync(t, Room, Cancel))],
        [nameof(ITelemetryStore.WindowsAsync)] = (s, t) => [Ask(s.WindowsAsync(t, new WindowRange(null, null, long.MinValue, long.MaxValue, null, 10), Cancel))],
        [nameof(ITelemetryStore.EventsAsync)] = (s, t) => [Ask(s.EventsAsync(t, new EventRange(null, null, null, 10), Cancel)), Ask(s.EventsAsync(t, new EventRange(Room, null, null, 10), Cancel))],
        [nameof(ITelemetryStore.GapsAsync)] = (s, t) => [Ask(s.GapsAsync(t, null, null, 10, Cancel)), Ask(s.GapsAsync(t, "gw", null, 10, Cancel))],
        [nameof(ITelemetryStore.ProgressAsync)] = (s, t) => [Ask(s.ProgressAsync(t, null, Cancel))],
        [nameof(ITelemetryStore.UsageAsync)] = (s, t) => [Ask(s.UsageAsync(t, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200), Cancel))],
        [nameof(ITelemetryStore.TotalsAsync)] = (s, t) => [Ask(s.TotalsAsync(t, Cancel))],
        [nameof(ITelemetryStore.CommittedAfterAsync)] = (s, t) => [Ask(s.CommittedAfterAsync(t, 0, 100, Cancel))],
    };

    private TestDatabase? database;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TestDatabase Database => database!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateAsync();
        await database.MigrateAsync(new TelemetrySchema());
        await using var store = Open(database.Node);
        foreach (var (tenant, number) in new[] { (TenantId.Main, 1), (Other, 100) })
        {
            var batch = Of(tenant, Stamp(number), [Number(number, number), Number(number + 1, number + 1), new Reading(Hall, Temperature, At(2), ReadingValue.OfText($"of {tenant.Value}"))]).Readings!;
            await store.CommitAsync(
            [
                new TelemetryWrite
                {
                    Tenant = tenant, Readings = batch, Gateway = Gateway, Windows = [new(Window(number, 0, number), null)],
                    Events = [new(new FleetEvent(At(0), "device.silent", Room, null, $"quiet {tenant.Value}"), null)],
                    Gaps = [new(new GapRecord("gw", "a", number, number, number, null, null, $"missing {tenant.Value}"), null)],
                },
            ], Cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
            await database.DisposeAsync();
    }

    /// <summary>What changes the store goes by functions that are bound to the tenant; the kit has two tenants of the same names.</summary>
    private static readonly string[] Changes = [nameof(ITelemetryStore.EraseAsync), nameof(ITelemetryStore.ScrubAsync)];

    [Fact]
    public void Every_method_that_takes_a_tenant_is_asked() => Assert.Equal(
        typeof(ITelemetryStore).GetMethods().Where(m => !Changes.Contains(m.Name) && m.GetParameters().FirstOrDefault()?.ParameterType == typeof(TenantId)).Select(m => m.Name).Distinct().Order(), Questions.Keys.Order());

    [Fact]
    public async Task The_answers_are_the_same_without_the_queries_own_conditions()
    {
        await using var store = Open(Database.Node);
        await using var without = Open(Database.Node);
        var (all, changed) = (0, 0);
        without.Reads.Rewrite = sql =>
        {
            Interlocked.Increment(ref all); // Questions are asked beside each other.
            if (Condition().IsMatch(sql))
                Interlocked.Increment(ref changed);
            return Condition().Replace(sql, "$$1::text IS NOT NULL");
        };
        foreach (var (name, ask) in Questions)
        {
            foreach (var (tenant, foreign) in new[] { (TenantId.Main, "of other"), (Other, "of main") })
            {
                var expected = await AnswersAsync(ask(store, tenant));
                var found = await AnswersAsync(ask(without, tenant));
                Assert.True(expected == found, $"{name} of {tenant.Value}: {found} is not {expected}");
                Assert.DoesNotContain(foreign, found, StringComparison.Ordinal);
            }
        }
        Assert.True(changed == all && all >= 30, $"{changed} of {all} queries had a condition on the tenant.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{all} queries without their condition: the same answers");
    }

    [Fact]
    public async Task Without_policies_too_the_answers_hold_what_is_another_s_so_that_it_is_the_policies_that_hold()
    {
        // A superuser is bound by no policy; reading needs no more than the store's connection.
        await using var store = Open(Database.Admin);
        store.Reads.Rewrite = sql => Condition().Replace(sql, "$$1::text IS NOT NULL");
        var leaking = new List<string>();
        await using var bound = Open(Database.Node);
        foreach (var (name, ask) in Questions)
            if (await AnswersAsync(ask(store, TenantId.Main)) != await AnswersAsync(ask(bound, TenantId.Main)))
                leaking.Add(name);
        Assert.Equal(Questions.Keys.Order(), leaking.Order());
    }

    private static PostgresTelemetryStore Open(string connection) =>
        new(new PostgresTelemetryOptions { Database = connection }, TimeProvider.System, NullLogger<PostgresTelemetryStore>.Instance);

    private static async Task<object> Ask<T>(ValueTask<T> answer) => (await answer)!;

    private static async Task<string> AnswersAsync(Task<object>[] answers)
    {
        try
        {
            return string.Join('\n', (await Task.WhenAll(answers)).Select(a => JsonSerializer.Serialize(a, Json)));
        }
        catch (TelemetryStoreException e)
        {
            return e.Message; // A statement may fail on rows of two tenants.
        }
    }

    private static readonly JsonSerializerOptions Json = new() { IncludeFields = true };

    [GeneratedRegex(@"\b(\w+\.)?tenant_id = \$1(?!\d)")]
    private static partial Regex Condition();
}
