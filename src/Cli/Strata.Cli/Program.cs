using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Strata.Cli;
using Strata.Cli.Commands;

var root = new RootCommand("Strata: an IoT operations platform. One program is the cloud node, the fog gateway, the edge agent and the operator's tool.")
{
    CloudCommand.Create(),
    DatabaseCommand.Create(),
    FogCommand.Create(),
    EdgeVerb.Create(),
    BrokerCommand.Create(),
    DemoCommand.Create(),
    TenantsCommand.Create(),
    TokensCommand.Create(),
    UsersCommand.Create(),
    SignInCommand.Create(),
    RolesCommand.Create(), SharesCommand.Create(), ViewsCommand.Create(), CaCommand.Create(), CertificatesCommand.Create(), FactoryCommand.Create(), TemplatesCommand.Create(), EnrolmentsCommand.Create(),
    AuditCommand.Create(),
    UsageCommand.Create(),
    QuotasCommand.Create(),
    BillingCommand.Create(),
    SlaCommand.Create(),
    ApplyCommand.Create(),
    ExportCommand.Create(),
    SitesCommand.Create(),
    GatewaysCommand.Create(),
    DevicesCommand.Create(), ShadowCommand.Create(), ConfigCommand.Create(),
    GroupsCommand.Create(),
    BulkCommand.Create(),
    HooksCommand.Create(),
    FleetCommand.Create(), WorkOrdersCommand.Create(), WindowsCommand.Create(), MountingsCommand.Create(), ArtifactsCommand.Create(), SimulateCommand.Create(), RolloutCommand.Create(),
    ReadingsCommand.Create(),
    EventsCommand.Create(),
    TraceCommand.Create(),
    StatsCommand.Create(),
    DoctorCommand.Create(),
    VersionCommand.Create(),
};
foreach (var option in root.Options.OfType<HelpOption>())
    option.Action = new HelpWithExamples((HelpAction)option.Action!);

// SIGXFSZ: a file at its quota is an error of that write, as a full disk is, and not the end of the program.
using var fileSize = OperatingSystem.IsLinux() ? PosixSignalRegistration.Create((PosixSignal)25, static signal => signal.Cancel = true) : null;
return await CommandRunner.RunAsync(root, args);
