using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;

namespace Strata.Cli.Commands;

/// <summary><c>strata tenants advise</c>: which isolation level answers ask for. Needs no node.</summary>
internal static class TenantsAdviseCommand
{
    public static Command Create()
    {
        var count = new Option<int>("--count") { Description = "Tenants on the installation. 1 unless given.", DefaultValueFactory = _ => 1 };
        var personal = new Option<bool>("--personal-data") { Description = "Data of people is kept." };
        var health = new Option<bool>("--health-data") { Description = "Data of people's health is kept." };
        var soc2 = new Option<bool>("--soc2") { Description = "A SOC 2 audit covers it." };
        var hipaa = new Option<bool>("--hipaa") { Description = "HIPAA covers it." };
        var government = new Option<bool>("--government") { Description = "It is a government's." };
        var business = new Option<string?>("--business") { Description = "What kind of business the tenant is: small or enterprise." };
        business.AcceptOnlyFromAmong("small", "enterprise");
        var development = new Option<bool>("--development") { Description = "Nothing in it is real: development or a trial." };
        var format = new Option<string>("--output", "-o") { Description = "table, json or csv.", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        var command = new Command("advise", "Recommend an isolation level from answers, and say why. The strictest of what applies; needs no node.")
        {
            count, personal, health, soc2, hipaa, government, business, development, format,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(count) < 1)
                throw new CliException(ExitCode.Usage, $"--count is {parsed.GetValue(count)}; it takes a whole number from 1 on.");
            var size = parsed.GetValue(business) switch { "small" => BusinessSize.Small, "enterprise" => BusinessSize.Enterprise, _ => BusinessSize.NotSaid };
            var advice = IsolationAdvice.For(new IsolationAnswers(
                parsed.GetValue(count), parsed.GetValue(personal), parsed.GetValue(health), parsed.GetValue(soc2), parsed.GetValue(hipaa), parsed.GetValue(government), size,
                parsed.GetValue(development)));
            new OutputWriter(Enum.Parse<OutputFormat>(parsed.GetValue(format)!, ignoreCase: true), parsed.InvocationConfiguration.Output).One(
                new IsolationAdviceInfo(advice.Level.Name(), advice.Reason, advice.Others), ContractsJson.Default.IsolationAdviceInfo,
                new("level", a => a.Level), new("because", a => a.Because), new("also", a => a.Also.Count == 0 ? "nothing else" : string.Join("; ", a.Also)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants advise --count 12", "strata tenants advise --count 300 --personal-data --business enterprise -o json");
    }
}
