using CsCheck;
using Strata.Core.Control;

namespace Strata.Core.Tests.Control;

public sealed class PidTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly PidSettings Room = new() { Kp = 0.5, Ki = 0.0005, Kd = 5, DerivativeFilter = TimeSpan.FromSeconds(30) };

    [Fact]
    public void A_cold_room_settles_at_the_setpoint_without_overshooting_by_half_a_degree()
    {
        var room = new ThermalRoom(new ThermalRoomSettings());
        var state = PidController.Start(Room, 21, room.Temperature, 0);
        var highest = double.MinValue;
        for (var second = 0; second < 4 * 3600; second++)
        {
            state = PidController.Step(Room, state, 21, Second, room.Measure());
            highest = Math.Max(highest, room.Step(Second, state.Output, 5));
        }
        Assert.Equal(21, room.Temperature, 0.05);
        Assert.InRange(highest, 21, 21.5);
        // Holding 21 degrees against 5 outside takes 1,600 of 3,000 W.
        Assert.Equal(1600.0 / 3000, state.Output, 0.02);
    }

    [Fact]
    public void A_disturbance_is_worked_off()
    {
        var room = new ThermalRoom(new ThermalRoomSettings { Initial = 21, Noise = 0.05, Seed = 7 });
        var state = PidController.Start(Room, 21, room.Temperature, 1600.0 / 3000);
        for (var second = 0; second < 6 * 3600; second++)
        {
            state = PidController.Step(Room, state, 21, Second, room.Measure());
            room.Step(Second, state.Output, second < 3600 ? 5 : -5);
        }
        Assert.Equal(21, room.Temperature, 0.2);
    }

    [Fact]
    public void The_integral_does_not_wind_up_while_the_output_is_at_its_limit()
    {
        var room = new ThermalRoom(new ThermalRoomSettings { HeaterPower = 500 });
        var state = PidController.Start(Room, 25, room.Temperature, 0);
        for (var second = 0; second < 24 * 3600; second++)
        {
            state = PidController.Step(Room, state, 25, Second, room.Measure());
            room.Step(Second, state.Output, 5);
        }
        Assert.True(room.Temperature < 11);
        Assert.Equal(1, state.Output);
        Assert.True(state.IsSaturated);
        // The setpoint falls below the room: the heater is off within a minute, not after hours of unwinding.
        for (var second = 0; second < 60; second++)
            state = PidController.Step(Room, state, 5, Second, room.Temperature);
        Assert.Equal(0, state.Output);
    }

    [Fact]
    public void The_start_has_no_bump_and_a_new_setpoint_gives_no_kick_of_the_derivative()
    {
        var started = PidController.Start(Room, 21, 18, 0.4);
        var next = PidController.Step(Room, started, 21, TimeSpan.FromMilliseconds(100), 18);
        Assert.Equal(0.4, next.Output, 0.001);
        var derivative = new PidSettings { Kp = 0, Kd = 10, OutputMin = -100, OutputMax = 100 };
        var state = PidController.Start(derivative, 0, 0, 0);
        Assert.Equal(0, PidController.Step(derivative, state, 50, Second, 0).Output);
        Assert.Equal(-20, PidController.Step(derivative, state, 0, Second, 2).Output);
    }

    [Fact]
    public void The_output_moves_no_faster_than_its_rate()
    {
        var slow = new PidSettings { Kp = 10, OutputRate = 0.1 };
        var state = PidController.Start(slow, 0, 0, 0);
        state = PidController.Step(slow, state, 1, Second, 0);
        Assert.Equal(0.1, state.Output, 1e-12);
        Assert.True(state.IsSaturated);
        state = PidController.Step(slow, state, 1, Second / 2, 0);
        Assert.Equal(0.15, state.Output, 1e-12);
    }

    [Fact]
    public void A_broken_sensor_or_a_standing_clock_holds_the_output_and_a_pause_does_not_leap()
    {
        var settings = new PidSettings { Kp = 0, Ki = 0.01 };
        var state = PidController.Start(settings, 1, 0, 0.3);
        Assert.Equal(state, PidController.Step(settings, state, 1, Second, double.NaN));
        Assert.Equal(state, PidController.Step(settings, state, 1, TimeSpan.Zero, 0));
        Assert.Equal(0.4, PidController.Step(settings, state, 1, TimeSpan.FromHours(1), 0).Output, 1e-12);
    }

    [Fact]
    public void The_output_never_leaves_its_limits_nor_exceeds_its_rate() =>
        Gen.Select(Gen.Double[0, 100], Gen.Double[0, 10], Gen.Double[0, 10], Gen.Double[0.01, 1], Gen.Double[-1000, 1000].Array[1, 50]).Sample((kp, ki, kd, rate, measurements) =>
        {
            var settings = new PidSettings { Kp = kp, Ki = ki, Kd = kd, OutputRate = rate, OutputMin = -1, OutputMax = 2 };
            var state = PidController.Start(settings, 0, 0, 0);
            foreach (var measurement in measurements)
            {
                var next = PidController.Step(settings, state, 10, Second, measurement);
                Assert.InRange(next.Output, -1, 2);
                Assert.InRange(Math.Abs(next.Output - state.Output), 0, rate + 1e-9);
                state = next;
            }
        });

    [Fact]
    public void Settings_out_of_range_are_found()
    {
        Assert.Empty(new PidSettings().Validate());
        Assert.Empty(new PidSettings { Kp = -1, Ki = -0.1 }.Validate());
        Assert.Single(new PidSettings { Kp = 1, Ki = -1 }.Validate());
        Assert.Equal(4, new PidSettings { Kp = double.NaN, OutputMin = 1, OutputRate = 0, MaxStep = TimeSpan.Zero }.Validate().Count());
    }

    [Fact]
    public void The_room_is_exact_for_any_step_and_its_noise_repeats()
    {
        var (once, often) = (new ThermalRoom(new ThermalRoomSettings()), new ThermalRoom(new ThermalRoomSettings()));
        once.Step(TimeSpan.FromHours(1), 0.5, 0);
        for (var i = 0; i < 3600; i++)
            often.Step(Second, 0.5, 0);
        Assert.Equal(once.Temperature, often.Temperature, 1e-9);
        Assert.Equal(TimeSpan.FromSeconds(5000), once.TimeConstant);
        var (a, b) = (new ThermalRoom(new ThermalRoomSettings { Noise = 1, Seed = 3 }), new ThermalRoom(new ThermalRoomSettings { Noise = 1, Seed = 3 }));
        Assert.Equal(Enumerable.Range(0, 5).Select(_ => a.Measure()).ToArray(), Enumerable.Range(0, 5).Select(_ => b.Measure()).ToArray());
    }
}
