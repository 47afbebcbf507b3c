namespace Strata.Cloud.Tenancy.People;

/// <summary>Limits of people's accounts, passwords and sessions.</summary>
public sealed class PeopleOptions
{
    /// <summary>Accounts on the installation. 1 to 1,000,000; 100,000 unless given.</summary>
    public int MaxUsers { get; set; } = 100_000;

    /// <summary>Open invitations of one tenant. 1 to 10,000; 200 unless given.</summary>
    public int MaxInvitations { get; set; } = 200;

    /// <summary>Sessions of one user; the oldest makes room. 1 to 1,000; 20 unless given.</summary>
    public int MaxSessions { get; set; } = 20;

    /// <summary>A session ends after this long without use. 1 min to 30 d; 12 h unless given.</summary>
    public TimeSpan IdleLimit { get; set; } = TimeSpan.FromHours(12);

    /// <summary>A session ends this long after the sign-in. 1 min to 365 d; 30 d unless given.</summary>
    public TimeSpan SessionLimit { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long an invitation or a link for a new password is good. 1 min to 30 d; 3 d unless given.</summary>
    public TimeSpan InvitationLimit { get; set; } = TimeSpan.FromDays(3);

    /// <summary>Shortest password, characters. 8 to 128; 12 unless given.</summary>
    public int MinPasswordLength { get; set; } = 12;

    /// <summary>A file of passwords that are refused because they are known to have leaked: one a line, as text or as SHA-1 in hexadecimal (what follows a colon is passed over). Beyond 4 MiB hashes are in order and searched in the file; beyond a million words are refused. None unless given.</summary>
    public string? BreachList { get; set; }

    /// <summary>Memory of one Argon2id, KiB. 7,168 to 1,048,576; 19,456 unless given.</summary>
    public int HashMemory { get; set; } = 19_456;

    /// <summary>Passes of Argon2id over its memory. 1 to 100; 2 unless given.</summary>
    public int HashPasses { get; set; } = 2;

    /// <summary>Passwords that are checked at once: memory is bounded by it times <see cref="HashMemory"/>. 1 to 64; 2 unless given.</summary>
    public int ParallelHashes { get; set; } = 2;

    /// <summary>Sign-ins that may wait for their turn; further ones are told to try again. 1 to 10,000; 64 unless given.</summary>
    public int WaitingHashes { get; set; } = 64;

    /// <summary>Wrong passwords of one user from one address before it has to wait. 1 to 100; 5 unless given.</summary>
    public int FreeFailures { get; set; } = 5;

    /// <summary>The longest wait between two tries; it doubles from 1 s on. 1 s to 1 d; 15 min unless given.</summary>
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Pairs of user and address whose wrong passwords are remembered; the one that failed longest ago is forgotten first. 100 to 1,000,000; 10,000 unless given.</summary>
    public int MaxRemembered { get; set; } = 10_000;

    /// <summary>How far a provider's clock may differ from the node's. 0 to 10 min; 2 min unless given.</summary>
    public TimeSpan ProviderClockSkew { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a provider may take for an answer. 1 s to 2 min; 10 s unless given.</summary>
    public TimeSpan ProviderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxUsers is >= 1 and <= 1_000_000, nameof(MaxUsers), "1 to 1,000,000");
        Check(MaxInvitations is >= 1 and <= 10_000, nameof(MaxInvitations), "1 to 10,000");
        Check(MaxSessions is >= 1 and <= 1_000, nameof(MaxSessions), "1 to 1,000");
        Check(IdleLimit >= TimeSpan.FromMinutes(1) && IdleLimit <= TimeSpan.FromDays(30), nameof(IdleLimit), "1 min to 30 d");
        Check(SessionLimit >= TimeSpan.FromMinutes(1) && SessionLimit <= TimeSpan.FromDays(365), nameof(SessionLimit), "1 min to 365 d");
        Check(InvitationLimit >= TimeSpan.FromMinutes(1) && InvitationLimit <= TimeSpan.FromDays(30), nameof(InvitationLimit), "1 min to 30 d");
        Check(MinPasswordLength is >= 8 and <= 128, nameof(MinPasswordLength), "8 to 128");
        Check(HashMemory is >= 7_168 and <= 1_048_576, nameof(HashMemory), "7,168 to 1,048,576");
        Check(HashPasses is >= 1 and <= 100, nameof(HashPasses), "1 to 100");
        Check(ParallelHashes is >= 1 and <= 64, nameof(ParallelHashes), "1 to 64");
        Check(WaitingHashes is >= 1 and <= 10_000, nameof(WaitingHashes), "1 to 10,000");
        Check(FreeFailures is >= 1 and <= 100, nameof(FreeFailures), "1 to 100");
        Check(LongestDelay >= TimeSpan.FromSeconds(1) && LongestDelay <= TimeSpan.FromDays(1), nameof(LongestDelay), "1 s to 1 d");
        Check(ProviderTimeout >= TimeSpan.FromSeconds(1) && ProviderTimeout <= TimeSpan.FromMinutes(2), nameof(ProviderTimeout), "1 s to 2 min");
        Check(ProviderClockSkew >= TimeSpan.Zero && ProviderClockSkew <= TimeSpan.FromMinutes(10), nameof(ProviderClockSkew), "0 to 10 min");
        Check(MaxRemembered is >= 100 and <= 1_000_000, nameof(MaxRemembered), "100 to 1,000,000");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}
