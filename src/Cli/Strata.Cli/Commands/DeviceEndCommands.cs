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
        var drain = new Option<TimeSpan?>("--drain") { Description = "How long queued work is waited for: hh:mm:ss." };
        var wipe = new Option<TimeSpan?>("--wipe-within") { Description = "How long the device's answer to the command to wipe itself is awaited; 00:00:00 for no such command. A device behind a gateway does not get it.", DefaultValueFactory = _ => TimeSpan.FromMinutes(1) };
        var wait = new Option<bool>("--wait") { Description = "Until it is done." };
        var command = new Command("decommission", "Take a device out of service in order: drain, wipe, revoke its secret and certificates, free its name, sign what was done.") { id, cause, drain, wipe, wait };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var info = await client.BeginDecommissionAsync(parsed.GetValue(id)!, new BeginDecommission(parsed.GetValue(cause), parsed.GetValue(drain), parsed.GetValue(wipe)), cancellationToken);
            while (parsed.GetValue(wait) && info.State != "done")
            {
                await Task.Delay(LookEvery, TimeProvider.System, cancellationToken);
                info = await client.GetDecommissionAsync(info.Device, cancellationToken);
            }
            node.Writer(parsed).One(info, ContractsJson.Default.DecommissionInfo,
                new("device", d => d.Device), new("state", d => d.State), new("until", d => d.State == "done" ? "" : OutputWriter.Time(d.Deadline)), new("wiped", d => d.WipeProved is null ? "no proof" : OutputWriter.Time(d.WipeProved)),
                new("identity", d => d.Identity ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices decommission t-101 --cause scrapped --wipe-within 00:10:00 --wait");
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
