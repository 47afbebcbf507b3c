using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Cli.Output;
using Strata.Cloud;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Postgres.Schema;

namespace Strata.Cli.Commands;

/// <summary><c>strata database</c>: makes, compares and verifies the tables in PostgreSQL that <c>strata cloud --database</c> uses.</summary>
internal static class DatabaseCommand
{
    /// <summary>The environment's name for <c>--database</c>.</summary>
    public const string Variable = "STRATA_DATABASE";

    public static Command Create() => new("database", "Make, compare and verify the PostgreSQL database of a cloud node.") { CreateMigrate(), CreateStatus(), CreateVerify() };

    /// <summary>The node's database, by the option or the environment; null for none.</summary>
    public static string? Given(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : null);

    private static Command CreateMigrate()
    {
        var owner = new Option<string>("--owner") { Description = "Connection string of the role that owns the database.", Required = true };
        var password = new Option<string?>("--node-password-file") { Description = $"File with the password that the node's role ({Roles.Node}) gets; its first line." };
        var tenant = new Option<string?>("--tenant") { Description = "The database of this tenant's own, DATABASE_TENANT on the same server, in place of the shared one; made when it is missing and the owner may (CREATEDB). Before 'strata tenants move --to dedicated', and with each update." };
        var output = Output();
        var command = new Command("migrate", "Create or update tables, policies and roles, as the owner; safe to run again.") { owner, password, tenant, output };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            var address = DatabaseAddress.Parse(parsed.GetValue(owner)!);
            if (parsed.GetValue(tenant) is { } name)
                address = await CloudDatabase.EnsureOwnAsync(address, TenantId.Parse(TenantsCommand.Id(name)), cancellationToken);
            var notes = await CloudDatabase.Schema.MigrateAsync(address, ReadPassword(parsed.GetValue(password)), cancellationToken);
            foreach (var note in notes)
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"note: {note}");
            await using var connection = await address.OpenAsync(cancellationToken);
            var writer = Writer(parsed, output);
            Write(writer, await CloudDatabase.Schema.StatusAsync(connection, cancellationToken));
            var faults = (await CloudDatabase.Schema.VerifyAsync(connection, cancellationToken)).Where(f => f.IsFault).ToList();
            foreach (var fault in faults)
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"fault: {fault.Subject}: {fault.Detail}");
            return faults.Count == 0 ? ExitCode.Success : ExitCode.Failed;
        }));
        return HelpWithExamples.WithExamples(
            command, "strata database migrate --owner \"Host=db;Database=strata;Username=strata_owner;Password=...\" --node-password-file node.password",
            "strata database migrate --tenant acme --owner \"Host=db;Database=strata;Username=strata_owner;Password=...\"",
            "(as a superuser, once)  CREATE ROLE strata_owner LOGIN CREATEROLE PASSWORD '...'; CREATE DATABASE strata OWNER strata_owner; CREATE ROLE strata_backup BYPASSRLS;");
    }

    private static Command CreateStatus()
    {
        var database = Database();
        var output = Output();
        var command = new Command("status", "Compare the tables with this program. Exit code 1 when they differ.") { database, output };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            await using var connection = await Address(parsed, database).OpenAsync(cancellationToken);
            var versions = await CloudDatabase.Schema.StatusAsync(connection, cancellationToken);
            Write(Writer(parsed, output), versions);
            return versions.All(v => v.State == SchemaState.Current) ? ExitCode.Success : ExitCode.Failed;
        }));
        return HelpWithExamples.WithExamples(command, "strata database status --database \"Host=db;Username=strata_node;Password=...\"");
    }

    private static Command CreateVerify()
    {
        var database = Database();
        var output = Output();
        var all = new Option<bool>("--all") { Description = "List also what is as it should be." };
        var command = new Command("verify", "Check that the database keeps tenants apart: policies, owners, rights, roles. Exit code 1 when something is at fault.") { database, all, output };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            await using var connection = await Address(parsed, database).OpenAsync(cancellationToken);
            var findings = await CloudDatabase.Schema.VerifyAsync(connection, cancellationToken);
            var faults = findings.Where(f => f.IsFault).ToList();
            var writer = Writer(parsed, output);
            if (parsed.GetValue(all) || faults.Count > 0 || writer.Format != OutputFormat.Table)
                writer.List(parsed.GetValue(all) ? findings : faults, DatabaseJson.Default.SchemaFinding, "",
                    new("what", f => f.Subject), new("state", f => f.IsFault ? "fault" : "ok"), new("detail", f => f.Detail));
            writer.Note(faults.Count == 0 ? $"{findings.Count} tables, roles and functions are as they should be." : $"{faults.Count} of {findings.Count} are at fault; 'strata database migrate' mends what it can.");
            return faults.Count == 0 ? ExitCode.Success : ExitCode.Failed;
        }));
        return HelpWithExamples.WithExamples(command, "strata database verify --database \"Host=db;Username=strata_node;Password=...\"", "strata database verify --all -o json");
    }

    private static Option<string?> Database() => new("--database", "--owner") { Description = $"Connection string of any role that may sign in (or {Variable})." };

    private static Option<string> Output()
    {
        var output = new Option<string>("--output", "-o") { Description = "table, json or csv.", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json", "csv");
        return output;
    }

    private static OutputWriter Writer(ParseResult parsed, Option<string> output) =>
        new(Enum.Parse<OutputFormat>(parsed.GetValue(output)!, ignoreCase: true), parsed.InvocationConfiguration.Output);

    private static DatabaseAddress Address(ParseResult parsed, Option<string?> database) => DatabaseAddress.Parse(
        Given(parsed, database) ?? throw new CliException(ExitCode.Usage, $"no database is named; give --database \"Host=...;Username=strata_node\" or set {Variable}."));

    private static void Write(OutputWriter writer, IReadOnlyList<SchemaVersion> versions) => writer.List(
        versions, DatabaseJson.Default.SchemaVersion, "",
        new("part", v => v.Part), new("state", v => v.State.ToString().ToLowerInvariant()), new("found", v => v.Found), new("wanted", v => v.Wanted));

    private static string? ReadPassword(string? file)
    {
        if (file is null)
            return null;
        try
        {
            return File.ReadLines(file).FirstOrDefault() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"the password file {file} cannot be read: {e.Message}");
        }
    }

    private static async Task<int> GuardAsync(Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (DatabaseException e)
        {
            throw new CliException(ExitCode.Failed, e.Message);
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SchemaFinding))]
[JsonSerializable(typeof(SchemaVersion))]
internal sealed partial class DatabaseJson : JsonSerializerContext;
