namespace Strata.Mqtt.Tests.ForeignClients;

public sealed class NpmMqttTests(NpmMqtt npm) : IClassFixture<NpmMqtt>
{
    [Theory]
    [InlineData(4, "null")]
    [InlineData(5, "\"v\"")]
    public async Task The_client_of_npm_publishes_to_itself(int version, string user)
    {
        npm.Require();
        await using var server = await TestServer.StartAsync();
        var (code, output) = await ForeignTool.RunAsync(ForeignTool.Require("node"), Path.Combine(NpmMqtt.Folder, "exchange.mjs"), $"{server.Port}", $"{version}");
        Assert.True(code == 0, output);
        Assert.Equal(
            $$"""{"granted":[1,0],"seen":[["npm/a","one",1,{{user}}],["npm/b","two",0,{{user}}],["zero","three",0,{{user}}]]}""", output.Trim());
        Assert.Equal(DisconnectCause.ByClient, (await server.Host.NextGone()).Cause);
    }
}
