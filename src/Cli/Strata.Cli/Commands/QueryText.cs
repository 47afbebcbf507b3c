namespace Strata.Cli.Commands;

/// <summary>How the query language is told in help texts.</summary>
internal static class QueryText
{
    public const string Help =
        "Which devices: FIELD:VALUE terms that must all match, or, not and ( ). Fields: id, model, serial, batch, power, gateway, cause, tag.NAME (: equal, = exactly, ~ contains, * anything), site (: with all below), "
        + "state, group, online, seen and since (seen>10m), created (created<2026-11-01), metric.NAME and health.NAME (health.battery<20). A bare word is looked for in id, model, place, serial number and tags.";
}
