using System.Globalization;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Broker;

/// <summary>
/// Who may not connect, from a file: <c>client|user|address VALUE [until TIME] [# why]</c> a line. A change that cannot be read leaves the bans before in force and
/// is told.
/// </summary>
internal sealed class BanFile
{
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly string path;
    private readonly int most;
    private readonly Action<string> problem;
    private DateTime written;

    /// <param name="most">Bans that it may hold.</param>
    /// <param name="problem">Told when a change cannot be read.</param>
    /// <exception cref="BrokerConfigurationException">The file cannot be used; the message says why.</exception>
    public BanFile(string path, int most, Action<string> problem)
    {
        (this.path, this.most, this.problem) = (path, most, problem);
        Current = Read();
    }

    public IReadOnlyCollection<MqttBan> Current { get; private set; }

    /// <summary>Reads the file again when it has changed. One caller at a time.</summary>
    /// <returns>Whether there are other bans now.</returns>
    public bool LookAgain()
    {
        if (File.GetLastWriteTimeUtc(path) == written)
            return false;
        try
        {
            Current = Read();
            return true;
        }
        catch (BrokerConfigurationException e)
        {
            problem(e.Message);
            return false;
        }
    }

    internal static MqttBan? Parse(string line)
    {
        var text = line.Split('#', 2)[0];
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return null;
        if (words.Length is not (2 or 4) || !Enum.TryParse<BanKind>(words[0], ignoreCase: true, out var kind) || char.IsAsciiDigit(words[0][0]) || (words.Length == 4 && words[2] != "until"))
            throw new FormatException($"'{text.Trim()}' is no ban; write client|user|address VALUE [until TIME].");
        if (words.Length == 2)
            return new MqttBan(kind, words[1]);
        return DateTimeOffset.TryParse(words[3], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            ? new MqttBan(kind, words[1], until)
            : throw new FormatException($"'{words[3]}' is no time; write it as 2026-12-31T12:00:00Z.");
    }

    private List<MqttBan> Read()
    {
        written = File.GetLastWriteTimeUtc(path);
        var bans = new List<MqttBan>();
        var number = 0;
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw new BrokerConfigurationException($"--bans: {path} is larger than {MaxBytes >> 20} MiB.");
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (Parse(line) is { } ban)
                    bans.Add(ban);
            }

            return bans.Count <= most ? bans : throw new BrokerConfigurationException($"--bans: {path} holds more than {most} bans; raise --max-bans.");
        }
        catch (FormatException e)
        {
            throw new BrokerConfigurationException($"--bans: {path}, line {number}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BrokerConfigurationException($"--bans: {path} cannot be read: {e.Message}", e);
        }
    }
}
