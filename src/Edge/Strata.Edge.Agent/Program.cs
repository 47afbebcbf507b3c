using System.CommandLine;
using Strata.Edge.CommandLine;

var root = EdgeCommand.Configure(
    new RootCommand("Strata's edge agent: a source, dead bands, a durable buffer, a gateway. The same as `strata edge`."), Console.OpenStandardInput, TimeProvider.System);
root.Subcommands.Add(SuperviseCommand.Create(TimeProvider.System));
root.Subcommands.Add(ControlBench.Create(TimeProvider.System));
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
