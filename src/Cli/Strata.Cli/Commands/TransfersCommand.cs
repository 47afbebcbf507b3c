using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata transfers</c>: a device goes from one tenant to another.</summary>
internal static class TransfersCommand
{
    private static readonly Column<TransferInfo>[] Columns =
    [
        new("id", t => t.Id), new("direction", t => t.Direction), new("tenant", t => t.Tenant), new("device", t => t.Device), new("as", t => t.As ?? ""), new("state", t => t.State),
        new("readings", t => t.Readings == "go" && t.State == "done" ? $"{t.Copied} went along" : t.Readings), new("until", t => t.State == "offered" ? OutputWriter.Time(t.Expires) : ""),
    ];

    public static Command Create() => new("transfers", "Give devices to other tenants, and take what they give.") { CreateOffer(), CreateList(), CreateAccept(), CreateEnd(), CreateMove() };

    private static Option<string?> Readings() => new("--readings") { Description = "What becomes of its readings: stay (unless given), or go along and are erased here." };

    private static Option<string?> Id() => new("--id") { Description = "The device's id at the receiver; the one it has unless given." };

    private static Option<string?> Site() => new("--site") { Description = "Its place at the receiver; none unless given." };

    private static Command CreateOffer()
    {
        var device = new Argument<string>("device") { Description = "The device's id." };
        var to = new Option<string>("--to") { Description = "The id of the tenant that may take it.", Required = true };
        var (readings, expires) = (Readings(), new Option<string?>("--expires") { Description = "How long it may be accepted: 12h, 30d; 7d unless given." });
        var command = new Command("offer", "Offer a device to another tenant. It stays in service here until that accepts.") { device, to, readings, expires };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var offer = new OfferTransfer(parsed.GetValue(to)!, parsed.GetValue(readings), TokensCommand.Validity(parsed.GetValue(expires)));
            var transfer = await node.Connect(parsed).OfferTransferAsync(parsed.GetValue(device)!, offer, cancellationToken);
            node.Writer(parsed).One(transfer, ContractsJson.Default.TransferInfo, Columns);
            node.Writer(parsed).Note($"The tenant {transfer.Tenant} takes it by 'strata transfers accept {transfer.Id}'.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata transfers offer pump-7 --to acme --readings go");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List devices given to other tenants and received from them, newest first.");
        var (paging, node) = (new PagingOptions(command), new NodeOptions(command));
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            node.Writer(parsed).List(await paging.CollectAsync(parsed, (cursor, limit) => client.ListTransfersAsync(cursor, limit, cancellationToken)), ContractsJson.Default.TransferInfo,
                "none yet; 'strata transfers offer DEVICE --to TENANT' gives a device away", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata transfers list --tenant acme");
    }

    private static Command CreateAccept()
    {
        var transfer = new Argument<string>("transfer") { Description = "Its id, see 'strata transfers list'." };
        var (id, site) = (Id(), Site());
        var command = new Command("accept", "Take a device that another tenant offers. It is registered here without an identity: give it a secret or a certificate.") { transfer, id, site };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var taken = await node.Connect(parsed).AcceptTransferAsync(parsed.GetValue(transfer)!, new AcceptTransfer(parsed.GetValue(id), parsed.GetValue(site)), cancellationToken);
            Print(node.Writer(parsed), taken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata transfers accept t019a1c2d3e4f5a6b7c8d --site works/hall-2 --tenant acme");
    }

    private static Command CreateEnd()
    {
        var transfer = new Argument<string>("transfer") { Description = "Its id, see 'strata transfers list'." };
        var command = new Command("end", "Decline what is offered, or withdraw an own offer.") { transfer };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).EndTransferAsync(parsed.GetValue(transfer)!, cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata transfers end t019a1c2d3e4f5a6b7c8d");
    }

    private static Command CreateMove()
    {
        var device = new Argument<string>("device") { Description = "The device's id." };
        var to = new Option<string>("--to") { Description = "The id of the tenant that it goes to.", Required = true };
        var (readings, id, site) = (Readings(), Id(), Site());
        var command = new Command("move", "Offer a device and accept it for the other tenant, at once: for a platform owner, who may act for both.") { device, to, readings, id, site };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var receiver = node.ConnectAs(parsed, parsed.GetValue(to)!);
            var giver = node.Connect(parsed);
            var offer = await giver.OfferTransferAsync(parsed.GetValue(device)!, new OfferTransfer(parsed.GetValue(to)!, parsed.GetValue(readings)), cancellationToken);
            try
            {
                Print(node.Writer(parsed), await receiver.AcceptTransferAsync(offer.Id, new AcceptTransfer(parsed.GetValue(id), parsed.GetValue(site)), cancellationToken));
            }
            catch (StrataApiException)
            {
                await giver.EndTransferAsync(offer.Id, cancellationToken);
                throw;
            }
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata transfers move pump-7 --tenant globex --to acme --readings go --site works/hall-2");
    }

    private static void Print(OutputWriter output, TransferInfo taken)
    {
        output.One(taken, ContractsJson.Default.TransferInfo, Columns);
        output.Note($"It comes in by an identity of its new tenant: 'strata devices secret {taken.As} --tenant ...' or a certificate.");
    }
}
