using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Tests;

/// <summary>The engine on a real socket at a free port, with a <see cref="TestHost"/>.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication application;

    private TestServer(WebApplication application, TestHost host, FaultLog faults)
    {
        Faults = faults;
        this.application = application;
        Host = host;
        Broker = application.Services.GetRequiredService<MqttBroker>();
        Port = new Uri(application.Urls.Single()).Port;
    }

    public TestHost Host { get; }

    /// <summary>What the engine logged as its own or its host's fault; must be empty at the end, or be cleared by a test that wants it.</summary>
    public FaultLog Faults { get; }

    public MqttBroker Broker { get; }

    public IServiceProvider Services => application.Services;

    public int Port { get; }

    /// <summary>The engine's meter is of this one.</summary>
    public IMeterFactory Meters => application.Services.GetRequiredService<IMeterFactory>();

    public static async Task<TestServer> StartAsync(
        Action<MqttOptions>? configure = null, TimeProvider? time = null, Action<ListenOptions>? listen = null, Action<TestHost>? prepare = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var faults = new FaultLog();
        builder.Logging.AddProvider(faults);
        var host = new TestHost();
        prepare?.Invoke(host);
        builder.Services.AddSingleton(host);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddMqttBroker<TestHost>(configure);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endPoint =>
        {
            listen?.Invoke(endPoint);
            endPoint.UseMqtt();
        }));
        var application = builder.Build();
        await application.StartAsync();
        return new TestServer(application, host, faults);
    }

    /// <summary>A connection that has sent nothing.</summary>
    public Task<RawClient> OpenAsync() => RawClient.OpenAsync(Port);

    /// <summary>A connection is closed at accept; a fast server's reset may come before the client knows that it was connected.</summary>
    public async Task AssertRefusesAsync()
    {
        try
        {
            using var client = await OpenAsync();
            await client.AssertClosedAsync();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }

    /// <summary>A connection whose CONNECT was accepted.</summary>
    public async Task<RawClient> ConnectAsync(string clientId = "c", byte version = 5, Action<ConnectBuilder>? with = null)
    {
        var client = await OpenAsync();
        var connect = new ConnectBuilder { ClientId = clientId, Version = version };
        with?.Invoke(connect);
        await client.SendAsync(connect.Build());
        client.Version = version;
        var connAck = await client.ReadAsync();
        Assert.Equal(0x20, connAck.First);
        Assert.Equal(0, connAck.Body[1]);
        return client;
    }

    /// <summary>A connection that goes on with the session of its client id, or begins one, which lives on for so long.</summary>
    /// <param name="present">What CONNACK must say of a session.</param>
    public async Task<RawClient> ResumeAsync(string clientId, bool present, byte version = 5, uint expiry = 600, Action<ConnectBuilder>? with = null)
    {
        var client = await OpenAsync();
        var connect = new ConnectBuilder { ClientId = clientId, Version = version, CleanStart = false };
        if (version == 5)
            connect.Properties = Packets.Properties([0x11, .. Packets.U32(expiry)]);
        with?.Invoke(connect);
        await client.SendAsync(connect.Build());
        client.Version = version;
        var connAck = await client.ReadAsync(2);
        Assert.Equal((present ? 1 : 0, 0), (connAck.Body[0], connAck.Body[1]));
        return client;
    }

    public Task StopAsync() => application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync();
        await application.DisposeAsync();
        Assert.True(Faults.Messages.IsEmpty, string.Join("\n", Faults.Messages));
    }
}
