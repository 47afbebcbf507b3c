namespace Strata.Mqtt.Broker;

/// <summary>
/// The engine's limits in a file, <c>NAME = VALUE</c> a line, <c>#</c> before a comment. What is not there is as it was given at the start. A change that cannot be used leaves the limits
/// before in force and is told.
/// </summary>
internal sealed class LimitFile
{
    private const int MaxBytes = 1024 * 1024;

    private readonly string? path;
    private readonly IReadOnlyDictionary<string, EngineLimit> known;
    private readonly MqttOptions given = new();
    private readonly Action<string> problem;
    private MqttOptions current;
    private DateTime written;

    /// <param name="path">Null: there is none.</param>
    /// <param name="known">What may stand in it.</param>
    /// <param name="engine">Sets the limits that were given at the start.</param>
    /// <param name="problem">Told when a change cannot be used.</param>
    /// <exception cref="BrokerConfigurationException">The file cannot be used; the message says why.</exception>
    public LimitFile(string? path, IReadOnlyList<EngineLimit> known, Action<MqttOptions>? engine, Action<string> problem)
    {
        (this.path, this.problem) = (path, problem);
        this.known = known.ToDictionary(static limit => limit.Name, StringComparer.Ordinal);
        engine?.Invoke(given);
        if (path is not null && Wrong(given) is { } wrong)
            throw new BrokerConfigurationException(wrong); // Said of what was given, not of the file's first line.
        current = path is null ? given : Read(path);
    }

    /// <summary>Sets the limits in force.</summary>
    public void Apply(MqttOptions options)
    {
        foreach (var limit in known.Values)
            limit.Copy(current, options);
    }

    /// <summary>Reads the file again when it has changed. One caller at a time.</summary>
    /// <returns>Whether other limits are in force now.</returns>
    public bool LookAgain()
    {
        if (path is null || File.GetLastWriteTimeUtc(path) == written)
            return false;
        try
        {
            current = Read(path);
            return true;
        }
        catch (BrokerConfigurationException e)
        {
            problem(e.Message);
            return false;
        }
    }

    private MqttOptions Read(string from)
    {
        written = File.GetLastWriteTimeUtc(from);
        try
        {
            if (new FileInfo(from).Length > MaxBytes)
                throw new BrokerConfigurationException($"--limits: {from} is larger than {MaxBytes >> 20} MiB.");
            return Parse(from, File.ReadAllLines(from));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BrokerConfigurationException($"--limits: {from}: {e.Message}", e);
        }
    }

    private MqttOptions Parse(string from, string[] lines)
    {
        var wanted = new MqttOptions();
        foreach (var limit in known.Values)
            limit.Copy(given, wanted);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Split('#', 2)[0].Trim();
            if (line.Length == 0)
                continue;
            var at = line.IndexOf('=', StringComparison.Ordinal);
            var name = (at < 0 ? line : line[..at]).Trim();
            if (Set(wanted, name, at < 0 ? null : line[(at + 1)..].Trim(), seen) is { } wrong)
                throw new BrokerConfigurationException($"--limits: {from}, line {i + 1}, {name}: {wrong}");
        }

        return wanted;
    }

    /// <returns>What is wrong; null: nothing.</returns>
    private string? Set(MqttOptions wanted, string name, string? value, HashSet<string> seen)
    {
        if (value is null)
            return "write NAME = VALUE.";
        if (!known.TryGetValue(name, out var limit))
            return "there is no such limit; the names are those of the options in 'strata broker --help', without the dashes in front.";
        if (!seen.Add(name))
            return "it stands here twice.";
        try
        {
            limit.Set(wanted, value);
            return Wrong(wanted);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return $"'{value}' is not a value for it: {limit.Values}.";
        }
    }

    /// <returns>What is wrong; null: nothing.</returns>
    private static string? Wrong(MqttOptions options)
    {
        try
        {
            options.Validate();
            return null;
        }
        catch (ArgumentOutOfRangeException e)
        {
            return e.Message.Split(" (Parameter", 2)[0];
        }
    }
}

/// <summary>A limit of the engine by its name.</summary>
/// <param name="Name">As on the command line, without the dashes.</param>
/// <param name="Values">What its values are, for messages.</param>
/// <param name="Set">Sets it from text; a <see cref="FormatException"/> or <see cref="OverflowException"/> for what is no value.</param>
/// <param name="Copy">From the first to the second.</param>
public sealed record EngineLimit(string Name, string Values, Action<MqttOptions, string> Set, Action<MqttOptions, MqttOptions> Copy);
