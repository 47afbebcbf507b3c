using System.Net;
using Strata.Node.Settings;

namespace Strata.Cloud.Tests;

public sealed class CloudOptionsTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("localhost:0", "127.0.0.1", 0)]
    [InlineData("0.0.0.0:1883", "0.0.0.0", 1883)]
    [InlineData("[::1]:8080", "::1", 8080)]
    public void An_end_point_is_an_address_and_a_port(string text, string address, int port) =>
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), CloudOptions.ParseEndPoint("--http", text));

    [Theory]
    [InlineData("8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("example.com:80")]
    [InlineData("::1")]
    [InlineData("")]
    public void Anything_else_is_refused_with_the_option_and_an_example(string text)
    {
        var problem = Assert.Throws<CloudConfigurationException>(() => CloudOptions.ParseEndPoint("--http", text));
        Assert.StartsWith("--http is '", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_listeners_on_one_port_are_refused()
    {
        var options = new CloudOptions { DataFolder = "/tmp", Http = new IPEndPoint(IPAddress.Loopback, 9000), Mqtt = new IPEndPoint(IPAddress.Loopback, 9000) };
        Assert.Contains("needs its own port", Assert.Throws<CloudConfigurationException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_of_artifacts_are_checked_before_anything_is_opened()
    {
        var options = new CloudOptions { DataFolder = "/tmp", Artifacts = new() { MaxBytesOfTenant = -1 } };
        Assert.Contains("MaxBytesOfTenant must be 1 MiB to 16 TiB", Assert.Throws<CloudConfigurationException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_of_rollouts_are_checked_before_anything_is_opened()
    {
        var options = new CloudOptions { DataFolder = "/tmp", Updates = new() { LookInterval = TimeSpan.Zero } };
        Assert.Contains("LookInterval must be 100 ms to 10 min", Assert.Throws<CloudConfigurationException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres.maxReaders=4", null, "postgres.maxReaders is about telemetry in PostgreSQL, and without --database")]
    [InlineData("store.maxReaders=4", "Host=db", "store.maxReaders is about telemetry in the data folder, and with --database")]
    [InlineData("store.maxReaders=4", null, null)]
    [InlineData("postgres.maxReaders=4", "Host=db", null)]
    public void What_is_set_of_a_store_that_is_not_used_is_refused(string set, string? database, string? refused)
    {
        var options = new CloudOptions { DataFolder = "/tmp", Database = database, Settings = NodeSettings.Parse([set], CloudSettings.Sections) };
        Assert.StartsWith(refused ?? "", Record.Exception(options.Validate)?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(refused is null, Record.Exception(options.Validate) is null);
    }
}
