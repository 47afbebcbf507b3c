using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Commands;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Cloud.Tests.Commands;

/// <summary>Commands by API and MQTT of a real node.</summary>
public abstract class CommandsTests(RunningCloud cloud)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Somebody_waits_and_gets_the_device_s_answer_and_each_step_has_its_time()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "direct-1");
        await device.ConnectAsync();
        var sent = cloud.Client.SendCommandAsync("direct-1", new SendCommand("measure", JsonElement.Parse("""{"times":3}""")) { Wait = Patience }, Cancel);
        var heard = await device.NextAsync();
        Assert.Equal(("measure", """{"times":3}"""), (heard.Name, heard.Payload));
        await device.AnswerAsync(heard.Name, heard.Request, """{"status":"running","reason":"1 of 3"}""");
        await device.AnswerAsync(heard.Name, heard.Request, """{"status":"succeeded","result":{"mean":21.5}}""");
        var done = await sent;
        Assert.Equal(("succeeded", heard.Request, "admin", """{"mean":21.5}"""), (done.State, done.Request, done.Actor, done.Result!.Value.GetRawText()));
        Assert.True(done.Created <= done.Sent && done.Sent <= done.Delivered && done.Running <= done.Ended && done.Delivered <= done.Ended, $"{done}");
        Assert.Equal(1, done.Attempts);
        // It is kept, and told in the trail.
        Assert.Equal("""{"times":3}""", (await cloud.Client.GetCommandAsync("direct-1", heard.Request, cancellationToken: Cancel)).Payload!.Value.GetRawText());
        Assert.Contains((await cloud.Client.ListAuditAsync(new AuditQuery { Kind = "command" }, cancellationToken: Cancel)).Items, a => a.Action == "send" && a.Id == $"direct-1/{heard.Request}");
    }

    [Fact]
    public async Task A_device_that_is_connected_and_listens_to_no_commands_is_not_said_to_be_offline()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "deaf-1");
        await device.ConnectAsync(listens: false);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SendCommandAsync("deaf-1", new SendCommand("ping") { Wait = Patience }, Cancel));
        Assert.Equal((HttpStatusCode.NotFound, "device"), (refused.StatusCode, refused.Field));
        Assert.StartsWith("Device 'deaf-1' is connected but does not subscribe to devices/deaf-1/commands/+/+: ", refused.Message, StringComparison.Ordinal);
        await device.ListenAsync();
        var sent = cloud.Client.SendCommandAsync("deaf-1", new SendCommand("ping") { Wait = Patience }, Cancel);
        var heard = await device.NextAsync();
        await device.AnswerAsync(heard.Name, heard.Request, "");
        Assert.Equal("succeeded", (await sent).State);
    }

    [Fact]
    public async Task A_device_that_is_away_is_told_so_with_since_when_and_what_is_queued_comes_in_order_of_priority_one_at_a_time()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "away-1");
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SendCommandAsync("away-1", new SendCommand("ping") { Wait = Patience }, Cancel));
        Assert.Equal((HttpStatusCode.NotFound, "device"), (refused.StatusCode, refused.Field));
        Assert.Contains("offline", refused.Message, StringComparison.Ordinal);
        Assert.Empty((await cloud.Client.ListCommandsAsync("away-1", cancellationToken: Cancel)).Items);
        foreach (var (name, priority) in ((string, int)[])[("first", 0), ("second", 0), ("urgent", 9)])
            Assert.Equal("queued", (await cloud.Client.SendCommandAsync("away-1", new SendCommand(name) { Expires = TimeSpan.FromHours(1), Priority = priority }, Cancel)).State);
        await device.ConnectAsync();
        foreach (var name in (string[])["urgent", "first", "second"])
        {
            var heard = await device.NextAsync();
            Assert.Equal(name, heard.Name);
            Assert.Equal(0, device.Heard);
            await device.AnswerAsync(heard.Name, heard.Request, "");
            Assert.Equal("succeeded", (await cloud.Client.GetCommandAsync("away-1", heard.Request, Patience, Cancel)).State);
        }
        Assert.Equal(["urgent", "second", "first"], (await cloud.Client.ListCommandsAsync("away-1", "succeeded", cancellationToken: Cancel)).Items.Select(c => c.Name));
    }

    [Fact]
    public async Task The_same_request_again_is_the_same_command_and_another_content_is_refused()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "again-1");
        await using var other = await TestDevice.CreateAsync(cloud, "again-2");
        var first = await cloud.Client.SendCommandAsync("again-1", new SendCommand("open", JsonElement.Parse("""{"door":1}""")) { Request = "order-17" }, Cancel);
        using var repeated = new HttpRequestMessage(HttpMethod.Post, "api/v1/devices/again-1/commands") { Content = JsonContent.Create(new { name = "open", payload = new { door = 1 } }) };
        repeated.Headers.Add("Idempotency-Key", "order-17");
        using var again = await cloud.Http.SendAsync(repeated, Cancel);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(first.Created, (await again.Content.ReadFromJsonAsync(ContractsJson.Default.CommandInfo, Cancel))!.Created);
        foreach (var wrong in new[] { new SendCommand("close", JsonElement.Parse("""{"door":1}""")), new SendCommand("open", JsonElement.Parse("""{"door":2}""")) })
            Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SendCommandAsync("again-1", wrong with { Request = "order-17" }, Cancel))).StatusCode);
        // Another device's request is another's.
        Assert.Equal("again-2", (await cloud.Client.SendCommandAsync("again-2", new SendCommand("close") { Request = "order-17" }, Cancel)).Device);
        await device.ConnectAsync();
        var heard = await device.NextAsync();
        Assert.Equal("order-17", heard.Request);
        await device.AnswerAsync(heard.Name, heard.Request, """{"status":"failed","reason":"jammed"}""");
        var done = await cloud.Client.SendCommandAsync("again-1", new SendCommand("open", JsonElement.Parse("""{"door":1}""")) { Request = "order-17" }, Cancel);
        Assert.Equal(("failed", "jammed"), (done.State, done.Reason));
        Assert.Equal(0, device.Heard);
    }

    [Fact]
    public async Task A_device_that_goes_before_it_acknowledges_gets_it_again_under_the_same_id_and_one_that_acknowledged_does_not()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "gone-1");
        device.Acknowledges = false;
        await device.ConnectAsync();
        var sent = await cloud.Client.SendCommandAsync("gone-1", new SendCommand("valve"), Cancel);
        Assert.Equal(sent.Request, (await device.NextAsync()).Request);
        await device.LeaveAsync();
        await StateAsync("gone-1", sent.Request, "queued");
        device.Acknowledges = true;
        await device.ConnectAsync();
        Assert.Equal(sent.Request, (await device.NextAsync()).Request);
        await StateAsync("gone-1", sent.Request, "delivered");
        await device.LeaveAsync();
        await device.ConnectAsync();
        await device.AnswerAsync("valve", sent.Request, "{\"open\":true}");
        var done = await cloud.Client.GetCommandAsync("gone-1", sent.Request, Patience, Cancel);
        Assert.Equal(("succeeded", 2, 0), (done.State, done.Attempts, device.Heard));
    }

    [Fact]
    public async Task What_is_not_acknowledged_is_said_again_and_times_out_and_a_late_answer_counts()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "mute-1");
        device.Acknowledges = false;
        await device.ConnectAsync();
        var sent = await cloud.Client.SendCommandAsync("mute-1", new SendCommand("beep") { AnswerWithin = TimeSpan.FromSeconds(7) }, Cancel);
        Assert.Equal(sent.Request, (await device.NextAsync()).Request);
        Assert.Equal(sent.Request, (await device.NextAsync()).Request);
        var over = await cloud.Client.GetCommandAsync("mute-1", sent.Request, Patience, Cancel);
        Assert.Equal(("timedOut", "the device did not acknowledge it"), (over.State, over.Reason));
        await device.AnswerAsync("beep", sent.Request, """{"status":"succeeded","result":1}""");
        Assert.Equal(("succeeded", "answered late", "1"), (await cloud.Client.GetCommandAsync("mute-1", sent.Request, cancellationToken: Cancel)) is var late ? (late.State, late.Reason, late.Result?.GetRawText()) : default);
    }

    [Fact]
    public async Task What_expires_and_what_is_taken_back_is_never_said()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "late-1");
        var expires = await cloud.Client.SendCommandAsync("late-1", new SendCommand("a") { Expires = TimeSpan.FromSeconds(1) }, Cancel);
        var cancelled = await cloud.Client.SendCommandAsync("late-1", new SendCommand("b"), Cancel);
        Assert.Equal("cancelled", (await cloud.Client.CancelCommandAsync("late-1", cancelled.Request, Cancel)).State);
        Assert.Equal("cancelled", (await cloud.Client.CancelCommandAsync("late-1", cancelled.Request, Cancel)).State);
        var over = await cloud.Client.GetCommandAsync("late-1", expires.Request, Patience, Cancel);
        Assert.Equal(("expired", 0), (over.State, over.Attempts));
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.CancelCommandAsync("late-1", expires.Request, Cancel))).StatusCode);
        await device.ConnectAsync();
        var next = await cloud.Client.SendCommandAsync("late-1", new SendCommand("c"), Cancel);
        Assert.Equal(next.Request, (await device.NextAsync()).Request);
        Assert.Contains((await cloud.Client.ListAuditAsync(new AuditQuery { Kind = "command" }, cancellationToken: Cancel)).Items, a => a.Action == "cancel" && a.Id == $"late-1/{cancelled.Request}");
    }

    [Fact]
    public async Task A_payload_is_what_its_schema_says_or_is_refused_with_what_is_wrong()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "schema-1", model: "valve/2");
        await cloud.Client.PutCommandSchemaAsync("valve/2", "set", JsonElement.Parse("""{"type":"object","required":["open"],"properties":{"open":{"type":"number","maximum":100}},"additionalProperties":false}"""), Cancel);
        await cloud.Client.PutCommandSchemaAsync("*", "set", JsonElement.Parse("false"), Cancel);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SendCommandAsync("schema-1", new SendCommand("set", JsonElement.Parse("""{"open":101}""")), Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "payload"), (refused.StatusCode, refused.Field));
        Assert.Contains("/open", refused.Message, StringComparison.Ordinal);
        Assert.Equal("queued", (await cloud.Client.SendCommandAsync("schema-1", new SendCommand("set", JsonElement.Parse("""{"open":100}""")), Cancel)).State);
        await using var plain = await TestDevice.CreateAsync(cloud, "schema-2");
        Assert.Equal("payload", (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SendCommandAsync("schema-2", new SendCommand("set"), Cancel))).Field);
        Assert.Equal(["*", "valve/2"], (await cloud.Client.ListCommandSchemasAsync(Cancel)).Items.Where(s => s.Name == "set").Select(s => s.Model));
        await cloud.Client.DeleteCommandSchemaAsync("*", "set", Cancel);
        Assert.Equal("queued", (await cloud.Client.SendCommandAsync("schema-2", new SendCommand("set"), Cancel)).State);
        // One in a circle would end the program.
        Assert.Equal("schema", (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PutCommandSchemaAsync("x", "y", JsonElement.Parse("""{"$ref":"#"}"""), Cancel))).Field);
    }

    [Fact]
    public async Task Limits_are_said_with_their_numbers()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "full-1");
        using var tooLong = await cloud.Http.PostAsync("api/v1/devices/full-1/commands", JsonContent.Create(new { name = "a", payload = new string('x', 65_536) }), Cancel);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.StatusCode);
        foreach (var (wrong, field) in ((object, string)[])[(new { name = "a/b" }, "name"), (new { name = "wipe" }, "name"), (new { name = "a", request = "run.1" }, "request"), (new { name = "a", wait = "00:00:10", expires = "00:01:00" }, "wait"), (new { name = "a", priority = 10 }, "priority"), (new { name = "a", expires = "100.00:00:00" }, "expires")])
        {
            using var refused = await cloud.Http.PostAsync("api/v1/devices/full-1/commands", JsonContent.Create(wrong), Cancel);
            Assert.Equal((HttpStatusCode.BadRequest, field), (refused.StatusCode, JsonElement.Parse(await refused.Content.ReadAsStringAsync(Cancel)).GetProperty("field").GetString()));
        }
        for (var i = 0; i < 100; i++)
            await cloud.Client.SendCommandAsync("full-1", new SendCommand("a"), Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SendCommandAsync("full-1", new SendCommand("a"), Cancel))).StatusCode);
        await cloud.Client.DeleteDeviceAsync("full-1", Cancel);
        var over = await cloud.Client.ListCommandsAsync("full-1", limit: 200, cancellationToken: Cancel);
        while (over.Items.Any(c => c.State == "queued"))
            over = await cloud.Client.ListCommandsAsync("full-1", limit: 200, cancellationToken: Cancel);
        Assert.All(over.Items, c => Assert.Equal(("cancelled", "the device was decommissioned"), (c.State, c.Reason)));
        Assert.Equal(100, over.Items.Count);
    }

    [Fact]
    public async Task Each_step_is_told_to_applications()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "told-1");
        using var application = await TestApplication.ListenAsync(cloud, cloud.Node.AdminToken, "fleet/commands", Cancel);
        await device.ConnectAsync();
        await cloud.Client.SendCommandAsync("told-1", new SendCommand("a"), Cancel);
        var heard = await device.NextAsync();
        await StateAsync("told-1", heard.Request, "delivered");
        await device.AnswerAsync(heard.Name, heard.Request, "");
        var states = new List<string>();
        while (states.LastOrDefault() != "succeeded")
        {
            if (JsonSerializer.Deserialize((await application.NextAsync(Cancel)).Text, ContractsJson.Default.CommandInfo) is { Device: "told-1" } told)
                states.Add(told.State);
        }
        Assert.Equal(["queued", "sent", "delivered", "succeeded"], states);
    }

    [Fact]
    public async Task A_gateway_s_answer_that_overtakes_its_command_is_the_command_s()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "overtaken-1");
        var now = TimeProvider.System.GetUtcNow();
        var told = new LocalCommand("""{"open":true}"""u8.ToArray(), "admin", now.AddHours(1)).Write();
        await HandUpAsync(FleetEventKinds.DeviceResponse, """valve rule-7 {"status":"succeeded","result":1}""");
        await HandUpAsync(FleetEventKinds.DeviceDelivered, "valve rule-7");
        await HandUpAsync(FleetEventKinds.DeviceCommand, $"valve rule-7 {told}");
        await StateAsync("overtaken-1", "rule-7", "succeeded");
        var here = await cloud.Client.GetCommandAsync("overtaken-1", "rule-7", cancellationToken: Cancel);
        Assert.Equal(("gw-x", "gw-x: admin", "1"), (here.Gateway, here.Actor, here.Result!.Value.GetRawText()));

        Task HandUpAsync(string kind, string detail) => cloud.CommitAsync(new TelemetryWrite
        {
            Tenant = TenantId.Main, Events = [new(new FleetEvent(EventTime.From(now), kind, DeviceId.Parse("overtaken-1"), GatewayId.Parse("gw-x"), detail), null)],
        });
    }

    [Fact]
    public async Task How_a_command_ended_is_told_to_a_hook_that_asks_for_it()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "hooked-1");
        var posted = System.Threading.Channels.Channel.CreateUnbounded<CommandInfo>();
        await using var receiver = await TestHook.StartAsync(async context => posted.Writer.TryWrite((await context.Request.ReadFromJsonAsync(ContractsJson.Default.CommandInfo, Cancel))!), Cancel);
        await cloud.Client.PutHookAsync("commands", new SaveHook($"{receiver.Urls.Single()}/hook", ["command.succeeded"]), Cancel);
        await device.ConnectAsync();
        await cloud.Client.SendCommandAsync("hooked-1", new SendCommand("a"), Cancel);
        var heard = await device.NextAsync();
        await device.AnswerAsync(heard.Name, heard.Request, "");
        CommandInfo told;
        do
            told = await posted.Reader.ReadAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);
        while (told.Device != "hooked-1");
        Assert.Equal((heard.Request, "succeeded"), (told.Request, told.State));
        await cloud.Client.DeleteHookAsync("commands", Cancel);
    }

    private async Task StateAsync(string device, string request, string state)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        while ((await cloud.Client.ListCommandsAsync(device, cancellationToken: limit.Token)).Items.FirstOrDefault(c => c.Request == request)?.State != state)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }
}

public sealed class CommandsInFilesTests(RunningCloud cloud) : CommandsTests(cloud), IClassFixture<RunningCloud>;

public sealed class CommandsInPostgresTests(RunningCloudOnPostgres cloud) : CommandsTests(cloud), IClassFixture<RunningCloudOnPostgres>;
