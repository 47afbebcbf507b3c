using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Bench.Mqtt;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>
/// Devices come in: many in one request, with certificates; some at once that nobody has registered, from the connection to the stored reading; and many more at once, until each is active.
/// The node on core 0 with SQLite for the first; both cores, shared with the devices, for the others: each device's TLS is the bench's work too.
/// </summary>
internal static class ProvisioningVerb
{
    private const string Templates = """
        apiVersion: strata/v1
        templates:
          - { name: bulk, order: 10, match: { sku: BULK }, assign: { name: "b-{serial}", site: hall/bulk, heartbeat: 1h } }
          - { name: arriving, order: 20, match: { issuer: Bench Maker }, assign: { name: "{serial}", site: hall/line, heartbeat: 1h } }
        """;

    private static readonly byte[] Reading = [.. """{"n":1}"""u8];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (bulk, few, many) = (arguments.Number("bulk", 10_000), arguments.Number("few", 200), arguments.Number("many", 10_000));
        var folder = Directory.CreateTempSubdirectory("strata-bench-");
        try
        {
            var registered = await BulkAsync(arguments, folder, bulk);
            var data = Path.Combine(folder.FullName, "arriving");
            await using var cloud = await StrataProcess.StartCloudAsync(arguments, data, null, "--mqtts", "127.0.0.1:0");
            await cloud.Client.ApplyTemplatesAsync(Templates);
            using var maker = Authority();
            var authority = await cloud.Client.RegisterAuthorityAsync(new CertificatePem(maker.ExportCertificatePem()));
            using (var proof = Issue(maker, $"CN={authority.Challenge}"))
                await cloud.Client.ProveAuthorityAsync(authority.Id, new CertificatePem(proof.ExportCertificatePem()));
            var warm = await ArriveAsync(cloud, maker, "warm", 50, 50);
            var first = new List<Arrivals>();
            for (var round = 0; round < arguments.Number("rounds", 3); round++)
                first.Add(await ArriveAsync(cloud, maker, $"few{round}", few, few));
            var crowd = await ArriveAsync(cloud, maker, "many", many, arguments.Number("at-once", 1_000));
            await cloud.StopAsync();
            return Results.Write("provisioning", new
            {
                Case = "devices come in: in bulk with P-256 certificates in one request (node on core 0, SQLite); by certificates of a foreign authority, unregistered, from the TCP connection to the acknowledgement of the first reading, which follows its commit",
                LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
                Bulk = registered,
                BarBulkPerSecond = 1_000,
                AtOnce = first,
                BarP99Ms = 1_000,
                Crowd = crowd,
                BarCrowdSeconds = 30,
                WarmUp = warm,
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<object> BulkAsync(Arguments arguments, DirectoryInfo folder, int count)
    {
        await using var cloud = await StrataProcess.StartCloudAsync(arguments, Path.Combine(folder.FullName, "bulk"), "0");
        await cloud.Client.ApplyTemplatesAsync(Templates);
        await cloud.Client.RegisterDevicesAsync(new RegisterDevices([.. Enumerable.Range(0, 200).Select(i => new DeviceToRegister("BULK", $"w{i}"))], Identity: "certificate")); // What is compiled while it runs.
        var runs = new List<object>();
        foreach (var identity in new[] { "certificate", "secret" })
        {
            var devices = Enumerable.Range(0, count).Select(i => new DeviceToRegister("BULK", $"{identity[..1]}{i:00000}")).ToList();
            var (before, started) = (cloud.ProcessorTime, Stopwatch.GetTimestamp());
            var made = await cloud.Client.RegisterDevicesAsync(new RegisterDevices(devices, Identity: identity));
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (made.Devices.Count != count)
                throw new InvalidOperationException($"{made.Devices.Count} of {count} were registered.");
            var processor = (cloud.ProcessorTime - before).TotalSeconds;
            runs.Add(new { Identity = identity, Devices = count, Seconds = Math.Round(seconds, 2), PerSecond = Math.Round(count / seconds), ProcessorSeconds = Math.Round(processor, 2), PerProcessorSecond = Math.Round(count / processor) });
            await Console.Error.WriteLineAsync($"bulk {identity}: {count} in {seconds:0.00} s, {processor:0.00} s of the processor");
        }
        await cloud.StopAsync();
        return runs;
    }

    /// <summary>Devices that connect at once, at most so many under way, and publish one reading each.</summary>
    private static async Task<Arrivals> ArriveAsync(StrataProcess cloud, X509Certificate2 maker, string name, int count, int atOnce)
    {
        var issued = Enumerable.Range(0, count).Select(i => Issue(maker, $"CN={name}-{i}")).ToList();
        var certificates = issued.ConvertAll(c => SslStreamCertificateContext.Create(c, null, offline: true));
        var (times, all, used) = await ConnectAsync(cloud, certificates, name, atOnce);
        var started = Stopwatch.GetTimestamp() - (long)(all.TotalSeconds * Stopwatch.Frequency);
        while (await cloud.ActiveAsync(name) < count)
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        var active = Stopwatch.GetElapsedTime(started);
        var (again, _, usedAgain) = await ConnectAsync(cloud, certificates, name, atOnce);
        issued.ForEach(c => c.Dispose());
        var result = new Arrivals(
            count, atOnce, Percentile(times.Select(t => t.Connect), 0.5), Percentile(times.Select(t => t.Connect), 0.99), Percentile(times.Select(t => t.Stored), 0.5), Percentile(times.Select(t => t.Stored), 0.99),
            Math.Round(all.TotalSeconds, 2), Math.Round(used.TotalSeconds, 2), Math.Round(active.TotalSeconds, 2), Percentile(again.Select(t => t.Stored), 0.99), Math.Round(usedAgain.TotalSeconds, 2), (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0]);
        await Console.Error.WriteLineAsync($"{name}: {result}");
        return result;
    }

    /// <summary>All connect and publish a reading each.</summary>
    private static async Task<(IReadOnlyList<(TimeSpan Connect, TimeSpan Stored)> Times, TimeSpan All, TimeSpan Used)> ConnectAsync(StrataProcess cloud, List<SslStreamCertificateContext> certificates, string name, int atOnce)
    {
        await Console.Error.WriteLineAsync($"{name}: {certificates.Count} devices connect");
        using var room = new SemaphoreSlim(atOnce, atOnce);
        var (before, started) = (cloud.ProcessorTime, Stopwatch.GetTimestamp());
        var times = await Task.WhenAll(certificates.Select(async (certificate, i) =>
        {
            await room.WaitAsync();
            try
            {
                var begun = Stopwatch.GetTimestamp();
                using var client = new TlsClient();
                await client.ConnectAsync(cloud.Mqtts!, $"{name}-{i}", certificate);
                var at = Stopwatch.GetElapsedTime(begun);
                await client.PublishAsync($"devices/{name}-{i}/telemetry", Reading);
                return (Connect: at, Stored: Stopwatch.GetElapsedTime(begun));
            }
            finally
            {
                room.Release();
            }
        }));
        return (times, Stopwatch.GetElapsedTime(started), cloud.ProcessorTime - before);
    }

    private static double Percentile(IEnumerable<TimeSpan> times, double share) => times.Order().ToList() is var sorted ? Math.Round(sorted[(int)Math.Ceiling(share * sorted.Count) - 1].TotalMilliseconds, 1) : 0;

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Bench Maker", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(10));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var now = TimeProvider.System.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(12);
        serial[0] &= 0x7f;
        using var issued = request.Create(authority, now.AddHours(-1), now.AddDays(1), serial);
        using var with = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(with.Export(X509ContentType.Pkcs12), null);
    }

    /// <param name="ConnectP50Ms">From the TCP connection to the CONNACK, the registration within.</param>
    /// <param name="StoredP50Ms">To the acknowledgement of the first reading.</param>
    /// <param name="AgainP99Ms">The same when they connect again, known by now.</param>
    /// <param name="Seconds">Until the last was acknowledged.</param>
    /// <param name="ProcessorSeconds">Of the node, until then.</param>
    /// <param name="ActiveSeconds">Until the registry says that all are active.</param>
    private sealed record Arrivals(int Devices, int AtOnce, double ConnectP50Ms, double ConnectP99Ms, double StoredP50Ms, double StoredP99Ms, double Seconds, double ProcessorSeconds, double ActiveSeconds, double AgainP99Ms, double AgainProcessorSeconds, string LoadAverage);
}
