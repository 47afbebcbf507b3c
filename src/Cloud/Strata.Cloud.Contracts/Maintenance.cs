namespace Strata.Cloud.Contracts;

/// <summary>What is to be done at devices of one place, by who can do it.</summary>
/// <param name="Kind"><c>replaceBattery</c>, <c>investigate</c>, <c>repair</c> or <c>inspect</c>.</param>
/// <param name="State"><c>open</c>, <c>assigned</c>, <c>started</c>, <c>done</c> or <c>cancelled</c>.</param>
/// <param name="Site">The place; null for devices that are nowhere.</param>
/// <param name="Due">When the most urgent of it must be done.</param>
/// <param name="Window">The maintenance window that it is put into; null for none.</param>
/// <param name="Answered">When somebody first did something about what the node ordered; null while nobody has.</param>
public sealed record WorkOrderInfo(
    string Id, string Kind, string Title, string Skill, string State, string? Site, DateTimeOffset Due, string? Assignee, string? Window, IReadOnlyList<string> Parts, int Minutes,
    IReadOnlyList<WorkItemInfo> Items, string? Note, DateTimeOffset Created, string CreatedBy, DateTimeOffset? Answered, DateTimeOffset? Closed, string? ClosedBy);

/// <summary>One device of an order.</summary>
/// <param name="Detail">Why, and what was last known of it.</param>
/// <param name="Withdrawn">It is not needed any more: the device is well again by itself.</param>
public sealed record WorkItemInfo(string Device, string Detail, DateTimeOffset? Done, string? DoneBy, DateTimeOffset? Withdrawn);

/// <summary>A request for work that somebody wants.</summary>
/// <param name="Due">Null for in a week.</param>
public sealed record CreateWorkOrder(string Kind, IReadOnlyList<string> Devices, DateTimeOffset? Due = null, string? Assignee = null, string? Note = null);

/// <summary>What is to be otherwise; null stays.</summary>
/// <param name="Assignee">Empty for nobody.</param>
/// <param name="Window">Empty for none.</param>
public sealed record ChangeWorkOrder(string? State = null, string? Assignee = null, DateTimeOffset? Due = null, IReadOnlyList<string>? Parts = null, string? Note = null, string? Window = null);

/// <summary>Somebody stands before a device and has done what was to be done.</summary>
/// <param name="Code">What the label says: the device's id, its serial number, or an address that ends with one of them.</param>
public sealed record ScanDevice(string Code, string? Note = null);

/// <param name="Orders">In which the device was; those that are over now are done.</param>
/// <param name="Reset">What of its health begins anew.</param>
public sealed record ScannedDevice(string Device, IReadOnlyList<WorkOrderInfo> Orders, IReadOnlyList<string> Reset);

/// <summary>A day, divided among technicians.</summary>
/// <param name="Left">Orders that no day holds, or nobody of them can do.</param>
public sealed record RoutePlanInfo(DateOnly Day, IReadOnlyList<DayRouteInfo> Routes, IReadOnlyList<string> Left);

/// <param name="Stops">In the order of the tour.</param>
public sealed record DayRouteInfo(string Technician, IReadOnlyList<RouteStopInfo> Stops, int WorkMinutes, int WayMinutes);

public sealed record RouteStopInfo(string Order, string? Site, string Title, int Devices, int Minutes, DateTimeOffset Due, string? Assignee);

/// <summary>A time in which work is done at a place and what is wrong there is expected.</summary>
/// <param name="Site">With all below it; null for the whole tenant.</param>
public sealed record SiteWindowInfo(string Id, string? Site, DateTimeOffset From, DateTimeOffset To, string Reason, DateTimeOffset Created, string CreatedBy);

public sealed record CreateSiteWindow(string? Site, DateTimeOffset From, DateTimeOffset To, string Reason);

/// <summary>What is to be expected of the fleet.</summary>
/// <param name="DailyRate">Of a device to fail on a day, by this fleet's own record and, as far as that is short, by what is usual (0.003).</param>
/// <param name="PerDay">Failures to be expected in a day...</param>
/// <param name="Low">...one day in twenty fewer...</param>
/// <param name="High">...and one in twenty more.</param>
/// <param name="Batteries">Those that will be used up first.</param>
/// <param name="LikelyToFail">Devices most likely to fail within a week.</param>
public sealed record FleetForecastInfo(
    DateTimeOffset At, int Devices, double DailyRate, double PerDay, int Low, int High, IReadOnlyList<BatteryForecastInfo> Batteries, IReadOnlyList<FailureInfo> LikelyToFail);

/// <param name="Empty">When it will be down to where it is served.</param>
/// <param name="Latest">Null when that cannot be bounded.</param>
/// <param name="PerDay">Percent lost a day.</param>
public sealed record BatteryForecastInfo(string Device, string? Site, double Percent, DateTimeOffset Empty, DateTimeOffset Earliest, DateTimeOffset? Latest, double PerDay, int Points);

/// <param name="WithinWeek">Probability.</param>
public sealed record FailureInfo(string Device, string? Site, double WithinWeek, string Why);
