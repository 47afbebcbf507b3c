using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Mqtt;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;

namespace Strata.Bench.Mqtt;

/// <summary>
/// What keeps queued messages: the engine's journal against SQLite (WAL, synchronous=FULL), one writer each, 100 B messages for 1,000 sessions, so many to a
/// commit. Each commit is on the disk.
/// </summary>
internal static class StoreVerb
{
    private const int Sessions = 1_000;
    private static readonly byte[] Payload = new byte[100];

    private interface IEngine : IDisposable
    {
        string Name { get; }

        void Keep(int first, int count);

        void Forget(int first, int count);

        long Bytes { get; }
    }

    public static int Run(Arguments arguments)
    {
        var folder = arguments.Required("folder");
        var seconds = arguments.Number("seconds", 3);
        var results = new List<object>();
        foreach (var size in (int[])[1, 32, 1024])
        {
            results.Add(Measure(new JournalEngine(Path.Combine(folder, $"journal-{size}")), size, seconds));
            results.Add(Measure(new SqliteEngine(Path.Combine(folder, $"sqlite-{size}")), size, seconds));
        }

        return Results.Write("mqtt-store", new { sessions = Sessions, payloadBytes = Payload.Length, engines = results, load = File.ReadAllText("/proc/loadavg").Split(' ')[0] });
    }

    private static object Measure(IEngine engine, int size, int seconds)
    {
        using (engine)
        {
            var (kept, keepRate, keepCpu) = Repeat(engine.Keep, size, seconds, int.MaxValue);
            var (_, forgetRate, forgetCpu) = Repeat(engine.Forget, size, seconds, kept);
            return new { engine = engine.Name, perCommit = size, keptPerSecond = keepRate, keepCpuMicroseconds = keepCpu, forgottenPerSecond = forgetRate, forgetCpuMicroseconds = forgetCpu, megabytes = engine.Bytes >> 20 };
        }
    }

    private static (int Count, long PerSecond, double CpuMicroseconds) Repeat(Action<int, int> action, int size, int seconds, int most)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var done = 0;
        for (; done + size <= most && watch.Elapsed.TotalSeconds < seconds; done += size)
            action(done, size);
        var elapsed = watch.Elapsed.TotalSeconds;
        return (done, (long)(done / elapsed), Math.Round((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Math.Max(1, done), 2));
    }

    private sealed class JournalEngine : IEngine, ICommitTarget
    {
        private readonly ManualResetEventSlim written = new();
        private readonly Journal journal;
        private readonly SessionStore store;
        private readonly MqttClock clock = new(TimeProvider.System);
        private readonly byte[] topic = "sensors/hall/temperature"u8.ToArray();

        public JournalEngine(string folder)
        {
            journal = Journal.Open(folder, new JournalOptions(), static _ => { }, NullLogger.Instance);
            store = new SessionStore(journal, clock);
        }

        public string Name => "journal";

        public long Bytes => journal.Length;

        public void Keep(int first, int count)
        {
            for (var i = first; i < first + count; i++)
            {
                var message = new KeptMessage(new Message(topic, Payload, default, 1, false), clock);
                store.Publish("main", message, default, [new Place(1 + (i % Sessions), i, 1, false, 0, null, null)], publisher: 0);
            }

            Commit();
        }

        public void Forget(int first, int count)
        {
            for (var i = first; i < first + count; i++)
                store.Done(1 + (i % Sessions), i, null);
            Commit();
        }

        public void Dispose()
        {
            store.Dispose();
            written.Dispose();
        }

        private void Commit()
        {
            store.Mark(new AfterCommit(this));
            written.Wait();
            written.Reset();
        }

        public void Committed(in AfterCommit after)
        {
        }

        public void CommitEnded() => written.Set();
    }

    private sealed class SqliteEngine : IEngine
    {
        private readonly string path;
        private readonly SqliteConnection connection;
        private readonly SqliteCommand keep;
        private readonly SqliteCommand forget;

        public SqliteEngine(string folder)
        {
            Directory.CreateDirectory(folder);
            path = Path.Combine(folder, "store.db");
            connection = new SqliteConnection($"Data Source={path};Pooling=false");
            connection.Open();
            foreach (var text in (string[])["PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE queued (session INTEGER, number INTEGER, topic TEXT, payload BLOB, PRIMARY KEY (session, number)) WITHOUT ROWID"])
            {
                using var command = connection.CreateCommand();
                command.CommandText = text;
                command.ExecuteNonQuery();
            }

            keep = Prepare("INSERT INTO queued VALUES ($session, $number, 'sensors/hall/temperature', $payload)");
            keep.Parameters.AddWithValue("$payload", Payload);
            forget = Prepare("DELETE FROM queued WHERE session = $session AND number = $number");
        }

        public string Name => "SQLite";

        public long Bytes => new FileInfo(path).Length;

        public void Keep(int first, int count) => Execute(keep, first, count);

        public void Forget(int first, int count) => Execute(forget, first, count);

        public void Dispose()
        {
            keep.Dispose();
            forget.Dispose();
            connection.Dispose();
        }

        private SqliteCommand Prepare(string text)
        {
            var command = connection.CreateCommand();
            command.CommandText = text;
            command.Parameters.AddWithValue("$session", 0);
            command.Parameters.AddWithValue("$number", 0);
            return command;
        }

        private void Execute(SqliteCommand command, int first, int count)
        {
            using var transaction = connection.BeginTransaction();
            command.Transaction = transaction;
            for (var i = first; i < first + count; i++)
            {
                (command.Parameters["$session"].Value, command.Parameters["$number"].Value) = (1 + (i % Sessions), i);
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }
}
