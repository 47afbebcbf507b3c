using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata certificates policy</c>: what a tenant asks of its devices' identities.</summary>
internal static class CertificatePolicyCommand
{
    public static Command Create()
    {
        var lifetime = new Option<string?>("--lifetime") { Description = "How long operational certificates hold: 12h, 90d. 1 hour to 2 years." };
        var grace = new Option<string?>("--grace") { Description = "How long after its end a certificate may still ask for the next one: 30d. 0s to 5 years." };
        var secrets = new Option<string?>("--secrets") { Description = "allowed or refused: whether devices may show a secret in place of a certificate." };
        var command = new Command("policy", "Show or set what the tenant asks of its devices' identities.") { lifetime, grace, secrets };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var policy = await client.GetCertificatePolicyAsync(cancellationToken);
            if (parsed.GetValue(lifetime) is not null || parsed.GetValue(grace) is not null || parsed.GetValue(secrets) is not null)
                policy = await client.SetCertificatePolicyAsync(
                    new CertificatePolicyInfo(Time(parsed.GetValue(lifetime), "--lifetime") ?? policy.Lifetime, Time(parsed.GetValue(grace), "--grace") ?? policy.Grace, parsed.GetValue(secrets) ?? policy.Secrets),
                    cancellationToken);
            node.Writer(parsed).One(policy, ContractsJson.Default.CertificatePolicyInfo,
                new("lifetime", p => Written(p.Lifetime)), new("grace", p => Written(p.Grace)), new("secrets", p => p.Secrets));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata certificates policy --tenant acme", "strata certificates policy --tenant acme --secrets refused --lifetime 30d");
    }

    private static TimeSpan? Time(string? text, string option) => text is "0" or "0s" or "0d" ? TimeSpan.Zero : TokensCommand.Validity(text, option);

    private static string Written(TimeSpan time) => time.Ticks % TimeSpan.TicksPerDay == 0 ? $"{time.TotalDays:0}d" : time.ToString("c", System.Globalization.CultureInfo.InvariantCulture);
}
