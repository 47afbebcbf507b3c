using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca register|prove|list</c>: authorities of others, whose devices are let in.</summary>
internal static class ForeignAuthorityCommands
{
    private static readonly Column<AuthorityInfo>[] Columns =
    [
        new("id", a => a.Id), new("kind", a => a.Kind), new("name", a => a.Sku is null ? a.Name : $"{a.Name} ({a.Sku})"), new("standing", a => a.Reason is null ? a.Standing : $"{a.Standing} ({a.Reason})"),
        new("expires", a => OutputWriter.Time(a.NotAfter)),
    ];

    public static Command CreateRegister()
    {
        var file = new Argument<string>("file") { Description = "The authority's certificate (PEM)." };
        var command = new Command("register", "Register somebody else's authority. Prints the challenge with which it proves that it has its key.") { file };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var authority = await node.Connect(parsed).RegisterAuthorityAsync(new CertificatePem(await PemFile.ReadAsync(parsed.GetValue(file)!, "file", cancellationToken)), cancellationToken);
            var output = node.Writer(parsed);
            output.One(authority, ContractsJson.Default.AuthorityInfo, [.. Columns, new("challenge", a => a.Challenge ?? "")]);
            output.Note($"""
                Nobody is let in by it yet. Sign a certificate with its key whose common name is the challenge, and show it:
                  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout proof.key -subj /CN={authority.Challenge} -out proof.csr
                  openssl x509 -req -in proof.csr -CA {parsed.GetValue(file)} -CAkey KEY -days 1 -out proof.pem
                  strata ca prove {authority.Id} proof.pem
                """);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca register maker-ca.pem --tenant acme");
    }

    public static Command CreateProve()
    {
        var authority = new Argument<string>("authority") { Description = "The id that 'register' printed." };
        var file = new Argument<string>("file") { Description = "The certificate whose common name is the challenge (PEM)." };
        var command = new Command("prove", "Show that a registered authority has its key: its devices are let in from then on.") { authority, file };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var proof = new CertificatePem(await PemFile.ReadAsync(parsed.GetValue(file)!, "file", cancellationToken));
            node.Writer(parsed).One(await node.Connect(parsed).ProveAuthorityAsync(parsed.GetValue(authority)!, proof, cancellationToken), ContractsJson.Default.AuthorityInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca prove 4f0c... proof.pem --tenant acme");
    }

    public static Command CreateList()
    {
        var kind = new Option<string?>("--kind") { Description = "Only those: tenant, batch or foreign." };
        var command = new Command("list", "List the authorities whose devices are let in: the tenant's own, of batches, of others.") { kind };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListAuthoritiesAsync(parsed.GetValue(kind), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.AuthorityInfo, "no authorities; the tenant's own is made with its first certificate", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata ca list --tenant acme", "strata ca list --kind foreign");
    }
}
