using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>Whether functions that run with their owner's rights are the known ones, with a fixed search path.</summary>
internal static class FunctionCheck
{
    public static async Task<IReadOnlyList<SchemaFinding>> RunAsync(NpgsqlConnection connection, IReadOnlyList<string> known, CancellationToken cancellationToken)
    {
        var found = await connection.ListAsync(
            """
            SELECT format('%s(%s)', p.proname, (SELECT coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY i), '') FROM unnest(p.proargtypes) WITH ORDINALITY a(t, i))),
                coalesce('search_path=public, pg_temp' = ANY (p.proconfig), false), EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x WHERE x.grantee = 0)
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
            """, r => (Name: r.GetString(0), Fixed: r.GetBoolean(1), Public: r.GetBoolean(2)), cancellationToken);
        var findings = found.ConvertAll(f => Judge(f.Name, known.Contains(f.Name), f.Fixed, f.Public));
        findings.AddRange(known.Except(found.Select(f => f.Name)).Select(f => new SchemaFinding($"function {f}", true, "it is missing")));
        return findings;
    }

    private static SchemaFinding Judge(string name, bool known, bool isFixed, bool isPublic) => new($"function {name}", !known || !isFixed || isPublic, (known, isFixed, isPublic) switch
    {
        (false, _, _) => "it runs with its owner's rights and is not one of the known ones",
        (_, false, _) => "its search path is not fixed",
        (_, _, true) => "every role may call it",
        _ => "known, with a fixed search path",
    });
}
