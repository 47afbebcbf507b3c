using System.Net;
using Strata.Mqtt;

var builder = WebApplication.CreateSlimBuilder(args);
var port = builder.Configuration.GetValue("port", 1883);
builder.Services.AddMqttBroker<MyHost>(options => options.MaxPacketSize = 256 * 1024);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseMqtt()));
await builder.Build().RunAsync();

sealed class MyHost : IMqttHost
{
    public ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) =>
        new(request.UserName == "me" ? ConnectDecision.Accept("main") : ConnectDecision.Refuse(MqttReasonCode.NotAuthorized));
    public bool MaySubscribe(MqttClient client, string topicFilter) => true;
    public PublishVerdict OnPublish(MqttClient client, in InboundPublish publish) => PublishVerdict.Route;
}
