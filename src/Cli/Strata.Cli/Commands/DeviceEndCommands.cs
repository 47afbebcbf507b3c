using System.CommandLine;
using System.Security.Cryptography;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;

namespace Strata.Cli.Commands;

/// <summary>The verbs of <c>strata devices</c> by which a unit goes: another takes its place, or it goes for good, with proof.</summary>
internal static class DeviceEndCommands
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static Command CreateSwap()
    {
        var old = new Argument<string>("old") { Description = "The broken unit's id." };
        var unit = new Argument<string>("new") { Description = "The id of the unit that takes its place; it is registered." };
        var cause = new Option<string?>("--cause") { Description = "Why." };
        var command = new Command("swap", "Put another unit in the place of a broken one: it inherits place, model, settings, tags and groups; the broken one is decommissioned.") { old, unit, cause };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var device = await node.Connect(parsed).SwapDeviceAsync(parsed.GetValue(old)!, new SwapDevice(parsed.GetValue(unit)!, parsed.GetValue(cause)), cancellationToken);
            node.Writer(parsed).One(device, ContractsJson.Default.DeviceInfo, new("id", d => d.Id), new("site", d => d.Site ?? ""), new("state", d => d.State), new("tags", d => DeviceLifeCommands.Tags(d.Tags)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices swap t-101 t-977 --cause \"water damage\"");
    }

    public static Command CreateDecommission()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var cause = new Option<string?>("--cause") { Description = "Why." };
        var drain = new Option<TimeSpan?>("--drain") { Description = "How long it is waited at most until what is queued for the device is delivered: hh:mm:ss; not at all unless given." };
        var wipe = new Option<TimeSpan?>("--wipe-within") { Description = "How long the device's answer to the command to wipe itself is awaited; 00:00:00 for no such command. A device behind a gateway gets it through that, also when the gateway comes back within this time.", DefaultValueFactory = _ => TimeSpan.FromMinutes(1) };
        var readings = new Option<string?>("--readings") { Description = "What becomes of its readings: keep, archive (into a file, and from the store) or erase; what the tenant's policy says unless given." };
        var wait = new Option<bool>("--wait") { Description = "Until it is done." };
        var command = new Command("decommission", "Take a device out of service in order: drain, wipe, revoke its secret and certificates, keep, archive or erase its readings, free its name, sign what was done.") { id, cause, drain, wipe, readings, wait };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var info = await client.BeginDecommissionAsync(parsed.GetValue(id)!, new BeginDecommission(parsed.GetValue(cause), parsed.GetValue(drain), parsed.GetValue(wipe), parsed.GetValue(readings)), cancellationToken);
            while (parsed.GetValue(wait) && info.State != "done")
            {
                await Task.Delay(LookEvery, TimeProvider.System, cancellationToken);
                info = await client.GetDecommissionAsync(info.Device, cancellationToken);
            }
            node.Writer(parsed).One(info, ContractsJson.Default.DecommissionInfo,
                new("device", d => d.Device), new("state", d => d.State), new("until", d => d.State == "done" ? "" : OutputWriter.Time(d.Deadline)), new("wiped", d => d.WipeProved is null ? "no proof" : OutputWriter.Time(d.WipeProved)),
                new("undelivered", d => $"{d.Undelivered}"), new("identity", d => d.Identity ?? ""), new("readings", Fate));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices decommission t-101 --cause scrapped --wipe-within 00:10:00 --wait", "strata devices decommission t-101 --readings archive --wait");
    }

    private static string Fate(DecommissionInfo info) => (info.State, info.Readings) switch
    {
        (not "done", _) => "",
        (_, "archive") => $"{info.Count} archived",
        (_, "erase") => $"{info.Count} erased",
        _ => $"{info.Count} kept",
    };

    public static Command CreateEndPolicy()
    {
        var readings = new Argument<string?>("readings") { Description = "keep, archive or erase; shown unless given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("end-policy", "Show or set what becomes of readings of the tenant's devices that are decommissioned, where the request does not say it.") { readings };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var policy = parsed.GetValue(readings) is { } wanted ? await client.PutDecommissionPolicyAsync(new DecommissionPolicy(wanted), cancellationToken) : await client.GetDecommissionPolicyAsync(cancellationToken);
            node.Writer(parsed).One(policy, ContractsJson.Default.DecommissionPolicy, [new("readings", p => p.Readings)]);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices end-policy", "strata devices end-policy archive");
    }

    public static Command CreateArchive()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var target = new Option<FileInfo>("--out") { Description = "The file to write, Parquet; it must not be there.", Required = true };
        var command = new Command("archive", "Get the archived readings of a device that is decommissioned.") { id, target };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(target)!.FullName;
            if (File.Exists(path))
                throw new CliException(ExitCode.Usage, $"{path} is there already.");
            var client = node.Connect(parsed);
            var info = await client.GetDecommissionAsync(parsed.GetValue(id)!, cancellationToken);
            string digest;
            try
            {
                await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
                await client.GetDeviceArchiveAsync(info.Device, file, cancellationToken);
                file.Position = 0;
                digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            }
            catch
            {
                File.Delete(path);
                throw;
            }
            if (digest != info.ArchiveDigest)
                throw new CliException(ExitCode.Failed, $"the file's SHA-256 is {digest}, that of the archive {info.ArchiveDigest}: it was changed.");
            node.Writer(parsed).Note($"{path}: {info.Count} readings of {info.Device}, SHA-256 {digest}, as when it was made");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices archive t-101 --out t-101.parquet");
    }

    public static Command CreateErasure()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var file = new Option<FileInfo?>("--key") { Description = "PEM file of the public key to verify it by; the node's own (/pki/erasure.pem) unless given." };
        var command = new Command("erasure", "Print the certificate of a device's decommissioning, a flattened JWS, after verifying it.") { id, file };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var certificate = await client.GetErasureAsync(parsed.GetValue(id)!, cancellationToken);
            using var key = ECDsa.Create();
            try
            {
                key.ImportFromPem(parsed.GetValue(file) is { } given ? await File.ReadAllTextAsync(given.FullName, cancellationToken) : await client.GetErasureKeyAsync(cancellationToken));
            }
            catch (Exception wrong) when (wrong is ArgumentException or CryptographicException)
            {
                throw new CliException(ExitCode.Usage, "--key is no PEM file of a P-256 public key.");
            }
            var output = node.Writer(parsed);
            if (ErasureCertificate.Verify(certificate, key) is not { } statement)
                throw new CliException(ExitCode.Failed, $"the certificate is not signed by key {ErasureCertificate.NameOf(key)}.");
            await output.Text.WriteLineAsync(output.Format == OutputFormat.Json ? certificate : statement);
            output.Note($"the signature is good, by key {ErasureCertificate.NameOf(key)}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices erasure t-101", "strata devices erasure t-101 -o json > t-101.jws");
    }
}
