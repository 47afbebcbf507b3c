using Strata.Mqtt.Access;

namespace Strata.Mqtt.Broker;

/// <summary>The access rules of a file. A change that cannot be read leaves the rules before in force and is told.</summary>
internal sealed class RuleFile
{
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly string? path;
    private readonly Action<string> problem;
    private volatile AccessRules current;
    private DateTime written;

    /// <param name="path">Null: everything is allowed.</param>
    /// <param name="problem">Told when a change cannot be read.</param>
    /// <exception cref="BrokerConfigurationException">The file cannot be used; the message says why.</exception>
    public RuleFile(string? path, Action<string> problem)
    {
        (this.path, this.problem) = (path, problem);
        current = path is null ? AccessRules.AllowAll : Read(path);
    }

    /// <summary>The rules in force.</summary>
    public AccessRules Current => current;

    /// <summary>Reads the file again when it has changed. One caller at a time.</summary>
    /// <returns>Whether other rules are in force now.</returns>
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

    private AccessRules Read(string from)
    {
        written = File.GetLastWriteTimeUtc(from);
        try
        {
            if (new FileInfo(from).Length > MaxBytes)
                throw new BrokerConfigurationException($"--rules: {from} is larger than {MaxBytes >> 20} MiB.");
            return AccessRules.Parse(File.ReadAllText(from));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new BrokerConfigurationException($"--rules: {from}: {e.Message}", e);
        }
    }
}
