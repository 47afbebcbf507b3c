using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Strata.Cli.Processes;
using Strata.Mqtt.Tests.ForeignClients;

namespace Strata.EndToEnd.Tests;

/// <summary>A page in Debian's Chromium that talks to <c>strata broker --ws</c> with the browser's build of npm's mqtt.</summary>
public sealed class BrokerInBrowserTests(BrokerInBrowserTests.Running running, NpmMqtt npm) : IClassFixture<BrokerInBrowserTests.Running>, IClassFixture<NpmMqtt>
{
    private const string Exchange = """
        async (url) => {
          const client = await mqtt.connectAsync(url, { protocolVersion: 5, clientId: 'page', reconnectPeriod: 0 });
          await client.publishAsync('page/kept', 'kept', { qos: 1, retain: true });
          const seen = [];
          const large = 'x'.repeat(300000);
          const done = new Promise((resolve) => client.on('message', (topic, payload, packet) => {
            const text = payload.toString();
            seen.push(`${topic} ${text === large ? 'large' : text} ${packet.qos} ${packet.retain}`);
            if (seen.length === 5) resolve();
          }));
          await client.subscribeAsync('page/#', { qos: 2 });
          for (const qos of [0, 1, 2]) await client.publishAsync(`page/${qos}`, `qos ${qos}`, { qos });
          await client.publishAsync('page/large', large, { qos: 1 });
          await done;
          await client.endAsync();
          return seen.sort();
        }
        """;

    /// <summary>Whether the connection opens.</summary>
    private const string Opens = """
        ([url, protocols]) => new Promise((resolve) => {
          const socket = new WebSocket(url, protocols);
          socket.onopen = () => { socket.close(); resolve(true); };
          socket.onerror = () => resolve(false);
        })
        """;

    [Fact]
    public async Task A_page_gets_what_it_publishes_at_every_QoS_and_what_is_retained_and_what_is_large()
    {
        Tool.Require("chromium");
        npm.Require();
        await using var broker = await running.BrokerAsync();
        var page = await running.PageAsync("127.0.0.1");
        var seen = await page.EvaluateAsync<string[]>(Exchange, Address(broker));
        Assert.Equal(["page/0 qos 0 0 false", "page/1 qos 1 1 false", "page/2 qos 2 2 false", "page/kept kept 1 true", "page/large large 1 false"], seen);
    }

    [Fact]
    public async Task A_page_from_elsewhere_and_one_without_the_subprotocol_get_no_connection()
    {
        Tool.Require("chromium");
        npm.Require();
        await using var broker = await running.BrokerAsync();
        var own = await running.PageAsync("127.0.0.1");
        Assert.True(await own.EvaluateAsync<bool>(Opens, new object[] { Address(broker), "mqtt" }));
        Assert.False(await own.EvaluateAsync<bool>(Opens, new object[] { Address(broker), Array.Empty<string>() }));
        Assert.False(await own.EvaluateAsync<bool>(Opens, new object[] { Address(broker), "chat" }));
        var foreign = await running.PageAsync("elsewhere.example");
        Assert.False(await foreign.EvaluateAsync<bool>(Opens, new object[] { Address(broker), "mqtt" }));
        await using var open = await running.BrokerAsync("--ws-origin", $"http://elsewhere.example:{running.Port}");
        Assert.True(await foreign.EvaluateAsync<bool>(Opens, new object[] { Address(open), "mqtt" }));
        Assert.False(await own.EvaluateAsync<bool>(Opens, new object[] { Address(open), "mqtt" }));
    }

    private static string Address(StrataProcess broker) => $"ws://{broker.Ready["ws"]}/mqtt";

    /// <summary>Chromium, and a server of the page.</summary>
    public sealed class Running : IAsyncLifetime
    {
        private readonly Installation installation = new();
        private IPlaywright? playwright;
        private IBrowser? browser;
        private WebApplication? pages;

        public int Port => new Uri(pages!.Urls.Single()).Port;

        public async ValueTask InitializeAsync()
        {
            if (!File.Exists("/usr/bin/chromium"))
                return;
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            pages = builder.Build();
            pages.MapGet("/", static () => Results.Content("<!doctype html><title>MQTT</title><script src=mqtt.min.js></script>", "text/html"));
            pages.MapGet("/mqtt.min.js", static () => Results.File(Path.Combine(NpmMqtt.Folder, "node_modules/mqtt/dist/mqtt.min.js"), "text/javascript"));
            await pages.StartAsync();
            playwright = await Playwright.CreateAsync();
            browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = "/usr/bin/chromium",
                Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP elsewhere.example 127.0.0.1"],
            });
        }

        internal async Task<StrataProcess> BrokerAsync(params string[] further)
        {
            var broker = installation.Create($"broker{further.Length}", ["broker", "--anonymous", "--mqtt", "none", "--ws", "127.0.0.1:0", .. further]);
            await broker.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
            return broker;
        }

        internal async Task<IPage> PageAsync(string host)
        {
            var page = await browser!.NewPageAsync();
            await page.GotoAsync($"http://{host}:{Port}/");
            return page;
        }

        public async ValueTask DisposeAsync()
        {
            if (browser is not null)
                await browser.CloseAsync();
            playwright?.Dispose();
            if (pages is not null)
                await pages.DisposeAsync();
            await installation.DisposeAsync();
        }
    }
}
