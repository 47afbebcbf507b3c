using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata enrolments endorse|endorsed|unendorse</c>: which TPMs a group lets in.</summary>
internal static class EndorsementCommands
{
    private static readonly Column<EndorsementKeyInfo>[] Columns = [new("registration", k => k.Registration), new("key (SHA-256)", k => k.KeyHash), new("added", k => OutputWriter.Time(k.Added))];

    public static Command CreateEndorse()
    {
        var (group, registration) = (Group(), new Argument<string>("registration") { Description = "What the device is called in its group, for example its serial number." });
        var key = new Option<string>("--key") { Description = "The endorsement key of its TPM (public, PEM), as 'tpm2_createek -f pem' writes it.", Required = true, HelpName = "FILE" };
        var command = new Command("endorse", "Let a device in by the endorsement key of its TPM.") { group, registration, key };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var pem = await PemFile.ReadAsync(parsed.GetValue(key)!, "--key", cancellationToken);
            await node.Connect(parsed).AddEndorsementKeysAsync(parsed.GetValue(group)!, new AddEndorsementKeys([new EndorsementKey(parsed.GetValue(registration)!, pem)]), cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(registration)} may enrol in {parsed.GetValue(group)}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments endorse gate gate-7 --key ek.pem");
    }

    public static Command CreateList()
    {
        var group = Group();
        var command = new Command("endorsed", "List the TPMs that a group lets in.") { group };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListEndorsementKeysAsync(parsed.GetValue(group)!, cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.EndorsementKeyInfo, "no TPMs; 'strata enrolments endorse' lets one in", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments endorsed gate");
    }

    public static Command CreateUnendorse()
    {
        var (group, registration) = (Group(), new Argument<string>("registration") { Description = "What the device is called in its group." });
        var command = new Command("unendorse", "Let a TPM in no more; the device that came by it stays.") { group, registration };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).RemoveEndorsementKeyAsync(parsed.GetValue(group)!, parsed.GetValue(registration)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(registration)} is let in no more");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata enrolments unendorse gate gate-7");
    }

    private static Argument<string> Group() => new("group") { Description = "An enrolment group by TPM." };
}
