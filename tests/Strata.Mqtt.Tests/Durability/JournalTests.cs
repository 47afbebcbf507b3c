using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Mqtt.Durability;

namespace Strata.Mqtt.Tests.Durability;

/// <summary>What a journal gives back after its files were cut or changed.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("strata-journal-");
    private int copies;

    public void Dispose() => root.Delete(recursive: true);

    [Fact]
    public async Task Cut_anywhere_it_gives_the_whole_batches_before_the_cut_and_goes_on_from_there()
    {
        var (directory, ends) = await WriteAsync("one", "two", "three");
        for (var length = 0; length <= ends[^1]; length++)
        {
            var copy = Copy(directory);
            using (var file = new FileStream(Path.Combine(copy, Journal.NameOf(1)), FileMode.Open))
                file.SetLength(length);
            string[] expected = [.. new[] { "one", "two", "three" }.Take(ends.Count(end => end <= length))];
            Assert.Equal(expected, await ReadAsync(copy, add: "four"));
            Assert.Equal([.. expected, "four"], await ReadAsync(copy));
        }
    }

    [Fact]
    public async Task No_changed_byte_is_served_as_data()
    {
        var (directory, ends) = await WriteAsync("one", "two", "three");
        for (var at = 0; at < ends[^1]; at++)
        {
            var copy = Copy(directory);
            Change(copy, 1, at);
            if (at >= ends[1])
            {
                Assert.Equal(["one", "two"], await ReadAsync(copy)); // As after a crash while it was written.
                continue;
            }

            var fault = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(copy));
            var begin = at < SegmentHeader.Size ? 0 : at < ends[0] ? SegmentHeader.Size : ends[0];
            Assert.StartsWith($"{Path.Combine(copy, Journal.NameOf(1))}: byte {begin}: ", fault.Message, StringComparison.Ordinal);
            Assert.EndsWith("start once with --skip-damaged to go on without it.", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_byte_changed_in_an_older_segment_is_found_also_in_its_last_batch()
    {
        var (directory, _) = await WriteAsync(segmentBytes: 1, "one", "two", "three");
        var length = new FileInfo(Path.Combine(directory, Journal.NameOf(2))).Length;
        for (var at = 0; at < length; at++)
        {
            var copy = Copy(directory);
            Change(copy, 2, at);
            await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(copy));
        }
    }

    [Fact]
    public async Task A_missing_segment_is_found()
    {
        var (directory, _) = await WriteAsync(segmentBytes: 1, "one", "two", "three");
        File.Delete(Path.Combine(directory, Journal.NameOf(2)));
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(directory));
        Assert.Contains($"{Journal.NameOf(2)} is missing", fault.Message, StringComparison.Ordinal);
        Assert.Equal(["one", "three"], await ReadAsync(directory, skipDamaged: true));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(SegmentHeader.Size + 3)]
    [InlineData(SegmentHeader.Size + BatchHeader.Size + 1)]
    public async Task What_is_damaged_is_left_out_when_that_is_asked_for(int at)
    {
        var (directory, _) = await WriteAsync(segmentBytes: 1, "one", "two", "three");
        Change(directory, 2, at);
        Assert.Equal(["one", "three"], await ReadAsync(directory, skipDamaged: true));
    }

    [Fact]
    public async Task What_looks_like_a_batch_inside_a_record_is_none()
    {
        var records = "a record of somebody else"u8;
        var forged = new byte[BatchHeader.Size + records.Length];
        new BatchHeader(records.Length, 2, BatchHeader.ChecksumOf(0, records.Length, 2, records)).Write(forged);
        records.CopyTo(forged.AsSpan(BatchHeader.Size));
        var (directory, ends) = await WriteAsync("one", Encoding.Latin1.GetString(forged) + "-");
        using (var file = new FileStream(Path.Combine(directory, Journal.NameOf(1)), FileMode.Open))
            file.SetLength(ends[1] - 1);
        Assert.Equal(["one"], await ReadAsync(directory));
    }

    [Fact]
    public async Task After_damage_was_left_out_the_broker_writes_everything_anew()
    {
        var data = Path.Combine(root.FullName, "broker");
        foreach (var topic in (string[])["a", "b"])
        {
            await using var server = await TestServer.StartAsync(options => options.DataDirectory = data);
            server.Broker.Publish("tests", Encoding.ASCII.GetBytes(topic), "x"u8, qos: 1, retain: true);
        }

        Change(data, 1, SegmentHeader.Size + BatchHeader.Size + 1);
        await Assert.ThrowsAsync<InvalidDataException>(() => TestServer.StartAsync(options => options.DataDirectory = data));
        await using (var server = await TestServer.StartAsync(options => (options.DataDirectory, options.SkipDamagedData) = (data, true)))
        {
            await Deadline.For(server.Broker.LastCheckpoint, "a checkpoint");
            Assert.Contains("left out", Assert.Single(server.Faults.Messages), StringComparison.Ordinal);
            server.Faults.Messages.Clear();
        }

        await using var again = await TestServer.StartAsync(options => options.DataDirectory = data);
        using var client = await again.ConnectAsync("c");
        await client.SubscribeAsync("#", 0);
        Assert.Equal("b", (await client.ReadPublishAsync()).Topic);
        await client.PingAsync();
    }

    private Task<(string Directory, long[] Ends)> WriteAsync(params string[] records) => WriteAsync(1 << 20, records);

    /// <summary>Writes each record in a batch of its own.</summary>
    private async Task<(string Directory, long[] Ends)> WriteAsync(long segmentBytes, params string[] records)
    {
        var directory = Path.Combine(root.FullName, "written");
        var ends = new long[records.Length];
        using var journal = Journal.Open(directory, new JournalOptions { SegmentBytes = segmentBytes }, static _ => { }, NullLogger.Instance);
        for (var i = 0; i < records.Length; i++)
        {
            await AppendAsync(journal, records[i]);
            ends[i] = journal.Length;
        }

        return (directory, ends);
    }

    private static async Task AppendAsync(Journal journal, string text)
    {
        var written = new CommitSignal();
        journal.Append(new TextRecord(text), new AfterCommit(written));
        Assert.True(await Deadline.For(written.Task, "a commit"));
    }

    private static async Task<List<string>> ReadAsync(string directory, bool skipDamaged = false, string? add = null)
    {
        var found = new List<string>();
        var options = new JournalOptions { SkipDamaged = skipDamaged };
        using var journal = Journal.Open(directory, options, records => found.Add(Encoding.Latin1.GetString(records)), NullLogger.Instance);
        if (add is not null)
            await AppendAsync(journal, add);
        return found;
    }

    private string Copy(string directory)
    {
        var copy = Directory.CreateDirectory(Path.Combine(root.FullName, $"copy-{++copies}"));
        foreach (var file in Directory.EnumerateFiles(directory, "*.journal"))
            File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
        return copy.FullName;
    }

    private static void Change(string directory, long segment, int at)
    {
        using var file = new FileStream(Path.Combine(directory, Journal.NameOf(segment)), FileMode.Open);
        file.Position = at;
        var was = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(was ^ 0x10));
    }

    private readonly struct TextRecord(string text) : IRecord
    {
        public void Write(RecordWriter writer, int era)
        {
            foreach (var character in text)
                writer.Byte((byte)character);
        }
    }
}
