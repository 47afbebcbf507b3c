using Strata.Cloud.Tenancy.People;
using Strata.Core;

namespace Strata.Cloud.Tests.Access;

/// <summary>What passwords are taken, and how they are kept.</summary>
public sealed class PasswordsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_password_is_kept_as_Argon2id_and_only_itself_fits()
    {
        using var passwords = new Passwords(new PeopleOptions());
        var kept = (await passwords.HashAsync("correct horse battery", Cancelled)).Value!;
        Assert.StartsWith("$argon2id$v=19$m=19456,t=2,p=1$", kept);
        Assert.NotEqual(kept, (await passwords.HashAsync("correct horse battery", Cancelled)).Value);
        Assert.True((await passwords.VerifyAsync("correct horse battery", kept, Cancelled)).Value);
        Assert.False((await passwords.VerifyAsync("correct horse batterY", kept, Cancelled)).Value);
        Assert.False((await passwords.VerifyAsync("correct horse battery", null, Cancelled)).Value);
        using var stronger = new Passwords(new PeopleOptions { HashMemory = 32_768, HashPasses = 3 });
        Assert.True((await stronger.VerifyAsync("correct horse battery", kept, Cancelled)).Value);
    }

    [Fact]
    public void Short_ones_and_leaked_ones_are_refused()
    {
        var file = Path.GetTempFileName();
        try
        {
            // The SHA-1 is that of "correct horse battery staple".
            File.WriteAllText(file, "password1234\nABF7AAD6438836DBE526AA231ABDE2D0EEF74D42:17\n");
            using var passwords = new Passwords(new PeopleOptions { BreachList = file });
            Assert.NotNull(passwords.Check("elevenchars"));
            Assert.NotNull(passwords.Check(new string('x', Passwords.MaxLength + 1)));
            Assert.NotNull(passwords.Check("password1234"));
            Assert.NotNull(passwords.Check("correct horse battery staple"));
            Assert.Null(passwords.Check("correct horse battery stable"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_long_list_in_order_is_searched_in_its_file_and_one_out_of_order_is_refused()
    {
        var file = Path.GetTempFileName();
        try
        {
            // 120,000 hashes of random words, the words of each tenth known; as Have I Been Pwned writes them.
            var words = Enumerable.Range(0, 120_000).Select(i => $"leaked password {i}").ToList();
            var lines = words.Select((w, i) => $"{Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(System.Text.Encoding.UTF8.GetBytes(w)))}:{i}").Order(StringComparer.Ordinal).ToList();
            File.WriteAllText(file, string.Join("\r\n", lines));
            Assert.True(new FileInfo(file).Length > BreachList.SmallFile);
            using (var list = new BreachList(file))
            {
                Assert.All(words.Where((_, i) => i % 10 == 0), w => Assert.True(list.Contains(w), w));
                Assert.All(words.Where((_, i) => i % 10 == 0), w => Assert.False(list.Contains(w + " ")));
            }
            File.WriteAllText(file, string.Join("\n", lines.AsEnumerable().Reverse()));
            Assert.Contains("sort", Assert.Throws<InvalidDataException>(() => new BreachList(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task More_than_may_wait_are_told_to_try_again()
    {
        using var passwords = new Passwords(new PeopleOptions { ParallelHashes = 1, WaitingHashes = 1 });
        var tries = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(() => passwords.HashAsync("correct horse battery", Cancelled), Cancelled)));
        Assert.Contains(tries, t => t.IsOk);
        Assert.All(tries.Where(t => !t.IsOk), t => Assert.Equal(ProblemKind.Unavailable, t.Problem!.Kind));
        Assert.True((await passwords.HashAsync("correct horse battery", Cancelled)).IsOk);
    }
}
