using System.Net;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tests.Access;

/// <summary>
/// Every route, as every role with and without a scope, against what is the caller's own, a sibling place's, another tenant's and nobody's: 0 leaks. What is asked of a route
/// comes from its own declaration, so that a new one joins by being written into <see cref="AttackSurface"/> or fails here.
/// </summary>
public abstract partial class AttackMatrixTests(AttackedCloud attacked)
{
    private static readonly Target[] Targets = [AttackedCloud.Quartz, AttackedCloud.Basalt, AttackedCloud.Onyx];

    private IReadOnlyList<RouteEndpoint> Endpoints => [.. attacked.Cloud.Node.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    [Fact]
    public void Every_endpoint_declares_what_it_asks_of_its_caller()
    {
        var silent = Endpoints.Where(e => e.Metadata.GetMetadata<AccessDeclaration>() is null && !IsOfFramework(e)).Select(Name);
        Assert.Empty(silent);
    }

    [Fact]
    public void Every_route_is_attacked()
    {
        var routes = Endpoints.Where(e => !IsOfFramework(e)).SelectMany(Names).ToHashSet();
        Assert.Empty(routes.Except(AttackSurface.Routes.Keys));
        Assert.Empty(AttackSurface.Routes.Keys.Except(routes));
    }

    [Fact]
    public async Task Nobody_sees_beyond_its_tenant_and_scope_and_no_role_does_what_it_does_not_hold()
    {
        var (tried, leaks) = (0, new List<string>());
        // What is read comes first: a refused change is afterwards in the audit trail of whoever tried it, with the foreign name that he gave himself.
        foreach (var (route, attack) in AttackSurface.Routes.OrderBy(r => r.Value.Changes))
        {
            var declared = Endpoints.First(e => Names(e).Contains(route)).Metadata.GetMetadata<AccessDeclaration>()!;
            foreach (var attacker in attacked.Attackers)
            {
                foreach (var target in Targets.Where(t => IsTried(attack, declared, attacker, t)))
                {
                    foreach (var (path, nowhere) in attack.Paths(target).Zip(attack.Paths(AttackedCloud.Nothing)))
                    {
                        tried++;
                        leaks.AddRange((await TryAsync(route, attack, declared, attacker, target, path, nowhere)).Select(l => $"{attacker}: {route.Split(' ')[0]} {path}: {l}"));
                    }
                }
            }
        }
        Assert.True(leaks.Count == 0, $"{leaks.Count} leaks in {tried} attacks:\n{string.Join('\n', leaks.Take(40))}");
        Assert.True(tried > 2_000, $"Only {tried} attacks were tried.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{tried} attacks over {AttackSurface.Routes.Count} routes by {attacked.Attackers.Count} attackers: 0 leaks");
        await NothingHasChangedAsync();
        Conclude();
    }

    /// <summary>What else must have been so while everything was attacked.</summary>
    protected virtual void Conclude()
    {
    }

    /// <summary>A change is tried only where it must be refused: without the permission on everything, with it on what lies beyond.</summary>
    private static bool IsTried(Attack attack, AccessDeclaration declared, Attacker attacker, Target target) =>
        !attack.Changes || !Holds(attacker, declared) || (!attack.IsOwn && !(attack.EndsNothingElsewhere && attacker.Principal?.Seen.IsWhole == true) && !attacker.Sees.Contains(target.Word) && attacker.Principal?.Id != target.Device && !IsCreatedAnywhere(attack, attacker));

    /// <summary>In one's own tenant a whole-tenant role may create at a place that is not there; another tenant's place is such a one.</summary>
    private static bool IsCreatedAnywhere(Attack attack, Attacker attacker) =>
        attack.Body!(AttackedCloud.Nothing).Contains(AttackedCloud.Nothing.Word, StringComparison.Ordinal) && attacker.Principal?.Seen.IsWhole == true;

    private static bool Holds(Attacker attacker, AccessDeclaration declared) => declared.Kind switch
    {
        AccessKind.Permission => attacker.Principal?.Holds(declared.Permission!.Value) == true,
        AccessKind.OwnDevice => attacker.Principal?.Kind == PrincipalKind.Device,
        AccessKind.OwnSession => attacker.Principal?.Kind == PrincipalKind.Person,
        AccessKind.OwnCaller => attacker.Principal?.Kind is PrincipalKind.Person or PrincipalKind.Token or PrincipalKind.Node,
        AccessKind.Reader => attacker.Principal is not null,
        AccessKind.OwnGateway => attacker.Principal?.Kind == PrincipalKind.Gateway,
        _ => true,
    };

    private async Task<List<string>> TryAsync(
        string route, Attack attack, AccessDeclaration declared, Attacker attacker, Target target, string path, string nowhere)
    {
        var problems = new List<string>();
        var method = route.Split(' ')[0];
        if (attack.IsStream && Holds(attacker, declared))
            return problems; // Streams have their own test.
        var (status, body) = await SendAsync(method, path, attack.Body?.Invoke(target), attacker);
        var readable = Sealed().Replace(body.Replace(path, "", StringComparison.Ordinal), "");
        problems.AddRange(Targets.Where(t => !attacker.Sees.Contains(t.Word) && readable.Contains(t.Word, StringComparison.Ordinal) && t.Word != target.Word)
            .Select(t => $"{(int)status} tells of {t.Word}: ...{Around(readable, t.Word)}..."));
        if (attacker.Principal is null && declared.Kind != AccessKind.Open && status != HttpStatusCode.Unauthorized && route != "GET /metrics")
            problems.Add($"answers {(int)status} to nobody");
        if (attacker.Principal is not null && !Holds(attacker, declared) && status != HttpStatusCode.Forbidden && route != "GET /metrics")
            problems.Add($"answers {(int)status} without {declared.Note}");
        if (attacker.Sees.Contains(target.Word) || !Holds(attacker, declared) || (declared.Kind == AccessKind.OwnDevice && attacker.Principal?.Id == target.Device))
            return problems;
        // Beyond the scope: the answer is, letter by letter, the one for what is nowhere.
        var (nothing, nothingBody) = await SendAsync(method, nowhere, attack.Body?.Invoke(AttackedCloud.Nothing), attacker);
        if ((status, Same(body, target)) != (nothing, Same(nothingBody, AttackedCloud.Nothing)))
            problems.Add($"{(int)status} {Cut(Same(body, target))} is not {(int)nothing} {Cut(Same(nothingBody, AttackedCloud.Nothing))}");
        if (attack.Changes && (int)status < 400)
            problems.Add($"{(int)status}: it was done");
        return problems;
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(string method, string path, string? body, Attacker attacker)
    {
        using var client = attacked.Cloud.NewClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = attacker.Credentials;
        if (attacker.Cookie is { } cookie)
            request.Headers.Add("Cookie", cookie);
        if (!string.IsNullOrEmpty(body))
            request.Content = new StringContent(body, Encoding.UTF8, body.StartsWith("apiVersion:", StringComparison.Ordinal) ? "application/yaml" : "application/json");
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, $"{response.Headers} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
    }

    /// <summary>The answer without what differs from one to the next: the asked name itself, times, ages, request numbers and the pages' own marks.</summary>
    private static string Same(string body, Target target)
    {
        var text = body.Replace(target.Token, "TOKEN", StringComparison.Ordinal).Replace(target.Word, "NAME", StringComparison.Ordinal);
        text = System.Text.RegularExpressions.Regex.Replace(text, @"(?m)^(Date|Set-Cookie|blazor-enhanced-nav|Content-Security-Policy):.*$", "");
        text = System.Text.RegularExpressions.Regex.Replace(text, "<!--Blazor.*?-->|\"via\":\"(memory|store)\"|\"(at|ageMs|traceId|uptime|to|apiCalls|bytesOut|connections|storageBytes|used)\":(\"[^\"]*\"|[-0-9.eE]+)|id=\"[^\"]*\"|for=\"[^\"]*\"", "");
        // The meter may look at the caller's own devices between two questions; elsewhere a count of devices is compared.
        text = System.Text.RegularExpressions.Regex.Replace(text, @"(?<=""bytesStored"":[^}]*)""devices"":\d+", "");
        return text.Contains("<html", StringComparison.Ordinal) ? "a page" : text;
    }

    /// <summary>What the node has encrypted for itself (cookies, marks of pages): in so many random letters any word comes up in time.</summary>
    [System.Text.RegularExpressions.GeneratedRegex(@"CfDJ8[A-Za-z0-9_+/=\\-]+")]
    private static partial System.Text.RegularExpressions.Regex Sealed();

    private static string Around(string text, string word)
    {
        var at = text.IndexOf(word, StringComparison.Ordinal);
        return text[Math.Max(0, at - 80)..Math.Min(text.Length, at + word.Length + 80)];
    }

    private static string Cut(string text) => text.Length > 300 ? text[..300] : text;

    private async Task NothingHasChangedAsync()
    {
        foreach (var (tenant, targets) in new[] { (AttackedCloud.Acme, Targets[..2]), (AttackedCloud.Rival, Targets[2..]) })
        {
            var client = attacked.ClientOf(tenant);
            var devices = await client.ListDevicesAsync(cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(targets.Select(t => (t.Device, $"model-{t.Word}")).Order(), devices.Items.Select(d => (d.Id, d.Model!)).Order());
            var tokens = await client.ListTokensAsync(cancellationToken: TestContext.Current.CancellationToken);
            Assert.All(targets, t => Assert.Contains(tokens.Items, i => i.Id == t.Token));
        }
    }

    private static bool IsOfFramework(RouteEndpoint endpoint) =>
        AttackSurface.OfFrameworks.Any(prefix => Pattern(endpoint).StartsWith(prefix, StringComparison.Ordinal)) || Pattern(endpoint).StartsWith("/{**", StringComparison.Ordinal);

    private static string Pattern(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');

    private static string Name(RouteEndpoint endpoint) => string.Join(", ", Names(endpoint));

    private static IEnumerable<string> Names(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Where(m => m is not ("HEAD" or "OPTIONS")).Select(m => m == "POST" && IsPage(endpoint) ? "GET" : m).Distinct()
            .Select(m => $"{m} {Pattern(endpoint)}");

    private static bool IsPage(RouteEndpoint endpoint) => endpoint.Metadata.Any(m => m.GetType().Name == "ComponentTypeMetadata");
}
