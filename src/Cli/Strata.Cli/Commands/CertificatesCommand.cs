using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata certificates</c>: what devices identify themselves with.</summary>
internal static class CertificatesCommand
{
    private static readonly Column<CertificateInfo>[] Columns =
    [
        new("serial", c => c.Serial), new("device", c => c.Device), new("use", c => c.Use), new("expires", c => OutputWriter.Time(c.NotAfter)), new("renewed from", c => OutputWriter.Time(c.RenewAt)),
        new("standing", c => c.Reason is null || c.Standing is "hold" ? c.Standing : $"{c.Standing} ({c.Reason})"),
        new("to look at", c => string.Join(", ", c.Problems ?? [])),
    ];

    private static readonly Column<CertificateSummary>[] Counts =
    [
        new("good", c => $"{c.Good}"), new("hold", c => $"{c.Hold}"), new("revoked", c => $"{c.Revoked}"), new("expired", c => $"{c.Expired}"), new("devices late", c => $"{c.Late}"),
        new("last ends in 7 days", c => $"{c.EndIn7Days}"), new("30 days", c => $"{c.EndIn30Days}"), new("90 days", c => $"{c.EndIn90Days}"),
    ];

    public static Command Create() => new("certificates", "Certificates of devices: issue, list, revoke.")
    {
        CreateList(), CreateSummary(), CreateIssue(), CreateClaim(), CreateRevoke(), CreateReinstate(), CertificatePolicyCommand.Create(),
    };

    private static Command CreateList()
    {
        var device = new Option<string?>("--device") { Description = "Only this device's." };
        var standing = new Option<string?>("--standing") { Description = "Only those: good, hold, revoked or expired." };
        var problem = new Option<string?>("--problem") { Description = "Only those to look at: any, shared-key (two devices have the same key) or two-addresses (it was copied)." };
        var within = new Option<string?>("--expires") { Description = "Only those that expire within this time: 12h, 30d, 52w." };
        var command = new Command("list", "List certificates, the next to expire first.") { device, standing, within, problem };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var before = TokensCommand.Validity(parsed.GetValue(within)) is { } time ? (TimeProvider.System.GetUtcNow() + time).ToString("O") : null;
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(
                parsed, (cursor, limit) => client.ListCertificatesAsync(parsed.GetValue(device), parsed.GetValue(standing), before, parsed.GetValue(problem), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.CertificateInfo, "no certificates; devices ask for them by EST, or 'strata certificates issue DEVICE --csr FILE'", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates list --expires 14d", "strata certificates list --device t-101 --standing good", "strata certificates list --problem any");
    }

    private static Command CreateSummary()
    {
        var command = new Command("summary", "Count certificates by their standing, and devices that should have renewed theirs or whose last one ends soon.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).One(await node.Connect(parsed).SummariseCertificatesAsync(cancellationToken), ContractsJson.Default.CertificateSummary, Counts);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates summary", "strata certificates summary -o json");
    }

    private static Command CreateIssue()
    {
        var device = new Argument<string>("device") { Description = "The device's id." };
        var csr = new Option<string>("--csr") { Description = "The request (PKCS #10, PEM), signed with the device's key.", Required = true, HelpName = "FILE" };
        var birth = new Option<bool>("--birth") { Description = "A long-lived certificate that may only enrol, for the factory." };
        var to = new Option<string>("--out") { Description = "File for the certificate and those up to the root (PEM).", Required = true, HelpName = "FILE" };
        var command = new Command("issue", "Certify a device's key. The key stays with the device.") { device, csr, birth, to };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = await PemFile.ReadAsync(parsed.GetValue(csr)!, "--csr", cancellationToken);
            var issued = await node.Connect(parsed).IssueCertificateAsync(parsed.GetValue(device)!, new IssueCertificateRequest(text, parsed.GetValue(birth) ? "birth" : null), cancellationToken);
            await File.WriteAllTextAsync(parsed.GetValue(to)!, issued.Certificate + issued.Chain, cancellationToken);
            node.Writer(parsed).One(issued.Info, ContractsJson.Default.CertificateInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates issue t-101 --csr t-101.csr --out t-101.pem", "strata certificates issue t-101 --csr t-101.csr --birth --out birth.pem");
    }

    private static Command CreateClaim()
    {
        var name = new Argument<string>("name") { Description = "What it is called, for lists and templates." };
        var csr = new Option<string>("--csr") { Description = "The request (PKCS #10, PEM), signed with the key that the devices share.", Required = true, HelpName = "FILE" };
        var to = new Option<string>("--out") { Description = "File for the certificate and those up to the root (PEM).", Required = true, HelpName = "FILE" };
        var command = new Command("claim", "Issue a certificate that devices of a kind share. It may do nothing but ask for one of their own (provision/claim).") { name, csr, to };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var issued = await node.Connect(parsed).IssueClaimAsync(new IssueClaim(parsed.GetValue(name)!, await PemFile.ReadAsync(parsed.GetValue(csr)!, "--csr", cancellationToken)), cancellationToken);
            await File.WriteAllTextAsync(parsed.GetValue(to)!, issued.Certificate + issued.Chain, cancellationToken);
            node.Writer(parsed).One(issued.Info, ContractsJson.Default.CertificateInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates claim line-2 --csr line-2.csr --out claim.pem");
    }

    private static Command CreateRevoke()
    {
        var serial = new Option<string?>("--serial") { Description = "This certificate." };
        var device = new Option<string?>("--device") { Description = "All of this device." };
        var batch = new Option<string?>("--batch") { Description = "The authority of this manufacturing batch: none of its devices enrols any more." };
        var issuer = new Option<string?>("--issuer") { Description = "The authority of this id (strata ca list)." };
        var reason = new Option<string>("--reason")
        {
            Description = "unspecified, key-compromise, superseded, cessation-of-operation, privilege-withdrawn, affiliation-changed, ca-compromise, or hold, from which it can come back.",
            DefaultValueFactory = _ => "unspecified",
        };
        var command = new Command("revoke", "Let certificates in no more, at once, and end what was opened with them.") { serial, device, batch, issuer, reason };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new RevokeCertificates(parsed.GetValue(serial), parsed.GetValue(device), parsed.GetValue(reason), parsed.GetValue(batch), parsed.GetValue(issuer));
            if (new[] { request.Serial, request.Device, request.Batch, request.Issuer }.Count(n => n is not null) != 1)
                throw new CliException(ExitCode.Usage, "Name one: --serial N, --device ID, --batch NAME or --issuer ID.");
            var revoked = await node.Connect(parsed).RevokeCertificatesAsync(request, cancellationToken);
            if (revoked.Authority is { } authority)
                node.Writer(parsed).One(authority, ContractsJson.Default.AuthorityInfo, new("id", a => a.Id), new("kind", a => a.Kind), new("name", a => a.Name), new("standing", a => $"{a.Standing} ({a.Reason})"));
            else
                node.Writer(parsed).List(revoked.Items, ContractsJson.Default.CertificateInfo, "nothing was revoked", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates revoke --serial 4f0c... --reason key-compromise", "strata certificates revoke --device t-101 --reason hold", "strata certificates revoke --batch line-2 --reason key-compromise");
    }

    private static Command CreateReinstate()
    {
        var serial = new Argument<string>("serial") { Description = "The certificate's serial number." };
        var command = new Command("reinstate", "Make a certificate good again that is on hold.") { serial };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var certificate = await node.Connect(parsed).ReinstateCertificateAsync(parsed.GetValue(serial)!, cancellationToken);
            node.Writer(parsed).One(certificate, ContractsJson.Default.CertificateInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates reinstate 4f0c...");
    }
}
