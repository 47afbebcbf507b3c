namespace Strata.Cli.Demo;

/// <summary>What <c>strata demo</c> was asked to do.</summary>
/// <param name="Folder">Where everything is kept; a temporary folder that is removed at the end when null.</param>
/// <param name="Headless">No keys and no live table: run, report, end.</param>
/// <param name="For">How long a headless run replays.</param>
/// <param name="Outage">How long the uplink stays cut in the middle of a headless run; null for no outage.</param>
/// <param name="Kill">The tier of which one process is killed and restarted in a headless run: cloud, fog or edge.</param>
/// <param name="Update">Roll out a new version of the agents of one office in a headless run, then a bad one.</param>
/// <param name="Json">Print the report as one JSON document.</param>
/// <param name="Speed">How many times faster than the recording the replay runs.</param>
internal sealed record DemoOptions(string? Folder, bool Headless, TimeSpan For, TimeSpan? Outage, string? Kill, bool Update, bool Json, double Speed);
