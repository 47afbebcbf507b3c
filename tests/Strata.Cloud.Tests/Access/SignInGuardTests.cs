using Microsoft.Extensions.Time.Testing;
using Strata.Cloud.Tenancy.People;

namespace Strata.Cloud.Tests.Access;

/// <summary>Wrong passwords make a pair of user and address wait, and nobody else.</summary>
public sealed class SignInGuardTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void The_wait_begins_after_five_wrong_passwords_and_doubles_to_its_longest()
    {
        var guard = new SignInGuard(new PeopleOptions { LongestDelay = TimeSpan.FromSeconds(5) }, time);
        for (var i = 0; i < 4; i++)
            guard.Failed("ada", "192.0.2.1");
        Assert.Equal(TimeSpan.Zero, guard.Wait("ada", "192.0.2.1"));
        foreach (var seconds in new[] { 1, 2, 4, 5, 5 })
        {
            guard.Failed("ada", "192.0.2.1");
            Assert.Equal(TimeSpan.FromSeconds(seconds), guard.Wait("ada", "192.0.2.1"));
            time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(TimeSpan.Zero, guard.Wait("ada", "192.0.2.1"));
        }
    }

    [Fact]
    public void The_same_user_at_another_address_does_not_wait_and_the_right_password_begins_anew()
    {
        var guard = new SignInGuard(new PeopleOptions(), time);
        for (var i = 0; i < 20; i++)
            guard.Failed("ada", "192.0.2.1");
        Assert.True(guard.Wait("ada", "192.0.2.1") > TimeSpan.FromMinutes(10));
        Assert.Equal(TimeSpan.Zero, guard.Wait("ada", "192.0.2.2"));
        guard.Succeeded("ada", "192.0.2.1");
        Assert.Equal(TimeSpan.Zero, guard.Wait("ada", "192.0.2.1"));
    }

    [Fact]
    public void What_is_remembered_and_what_is_recorded_is_bounded()
    {
        var guard = new SignInGuard(new PeopleOptions { MaxRemembered = 100 }, time);
        for (var i = 0; i < 1_000; i++)
            guard.Failed($"user-{i}", "192.0.2.1");
        Assert.Equal(100, guard.Remembered);
        Assert.Equal(12, Enumerable.Range(0, 10_000).Count(_ => guard.Failed("ada", "192.0.2.1"))); // The first, and one for each longer wait.
    }
}
