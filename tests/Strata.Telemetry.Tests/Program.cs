using Strata.Telemetry.Tests;

// "commit FOLDER" is the child that the kill tests start and kill; everything else is the test runner.
if (args is [Committer.Verb, var folder])
    return await Committer.RunAsync(folder);
if (args.Any(a => a is "--server" or "--internal-msbuild-node"))
    return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
