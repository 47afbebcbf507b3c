using System.Text;
using CsCheck;
using Strata.Edge.Sources.Csv;

namespace Strata.Edge.Tests.Sources;

public sealed class CsvReaderTests
{
    [Fact]
    public void Quotes_commas_and_line_breaks_inside_quotes_are_part_of_a_field() =>
        Assert.Equal([["a", "b,c", "d\"e\nf", ""], ["1", "2"]], Read("a,\"b,c\",\"d\"\"e\nf\",\r\n1,2"));

    [Fact]
    public void Empty_lines_and_a_byte_order_mark_are_passed_over() => Assert.Equal([["a", "b"], ["c"]], Read("\uFEFFa,b\n\n\r\nc\n"));

    [Fact]
    public void A_quote_that_is_never_closed_costs_one_record_only()
    {
        var reader = Open("a,b\n1,\"2\n3,4\n5,6\n");
        Assert.True(reader.Read());
        Assert.True(reader.Read());
        Assert.NotNull(reader.Malformed);
        Assert.Equal(2, reader.Line);
        Assert.True(reader.Read());
        Assert.Equal((3L, "3"), (reader.Line, reader.Text(0)));
    }

    [Fact]
    public void A_record_without_end_is_malformed_and_the_next_one_is_read()
    {
        var reader = Open($"{new string('x', 3 * CsvReader.MaxRecordBytes)}\nb,c\n");
        Assert.True(reader.Read());
        Assert.Contains("longer", reader.Malformed);
        Assert.True(reader.Read());
        Assert.Equal((2L, "b"), (reader.Line, reader.Text(0)));
        Assert.False(reader.Read());
    }

    [Fact]
    public void A_record_without_end_at_the_end_of_the_file_ends_the_file()
    {
        var reader = Open(new string('x', 3 * CsvReader.MaxRecordBytes));
        Assert.True(reader.Read());
        Assert.NotNull(reader.Malformed);
        Assert.False(reader.Read());
    }

    [Fact]
    public void What_is_written_with_quotes_is_read_back_whatever_it_is() =>
        Gen.Select(Gen.String[Gen.Char["ab,\"\n\r "], 0, 12].Array[2, 4].Array[1, 200], Gen.Int[1, 100]).Sample((rows, piece) =>
        {
            var text = string.Concat(rows.Select(r => string.Join(',', r.Select(f => $"\"{f.Replace("\"", "\"\"")}\"")) + "\n"));
            Assert.Equal(rows, Read(new PieceStream(Encoding.UTF8.GetBytes(text), piece)));
        });

    private static CsvReader Open(string text) => new(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    private static List<string[]> Read(string text) => Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    private static List<string[]> Read(Stream stream)
    {
        var reader = new CsvReader(stream);
        var rows = new List<string[]>();
        while (reader.Read())
        {
            Assert.Null(reader.Malformed);
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(reader.Text)]);
        }
        return rows;
    }

    /// <summary>Gives at most so many bytes at a time.</summary>
    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));
    }
}
