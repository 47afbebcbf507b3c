using System.CommandLine;
using System.CommandLine.Help;
using Strata.Cli;
using Strata.Cli.Commands;

var root = new RootCommand("Strata: an IoT operations platform. One program is the cloud node, the fog gateway, the edge agent and the operator's tool.")
{
    CloudCommand.Create(),
    FogCommand.Create(),
    EdgeVerb.Create(),
    DemoCommand.Create(),
    ApplyCommand.Create(),
    ExportCommand.Create(),
    SitesCommand.Create(),
    GatewaysCommand.Create(),
    DevicesCommand.Create(),
    ReadingsCommand.Create(),
    EventsCommand.Create(),
    TraceCommand.Create(),
    StatsCommand.Create(),
    DoctorCommand.Create(),
    VersionCommand.Create(),
};
foreach (var option in root.Options.OfType<HelpOption>())
    option.Action = new HelpWithExamples((HelpAction)option.Action!);
return await CommandRunner.RunAsync(root, args);
