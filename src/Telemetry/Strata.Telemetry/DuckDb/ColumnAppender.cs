using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// Appends rows to one table through a native data chunk: values are written straight into its column vectors, nothing is boxed and nothing
/// crosses to native code per value except texts. Reused from commit to commit; rows take part in the connection's open transaction when flushed.
/// After an error it must be disposed of with its connection.
/// </summary>
/// <remarks>
/// Per row: set every column at <see cref="Row"/>, then <see cref="EndRow"/>. Columns that may be null are set to null first with
/// <see cref="SetNull"/> or written with a value.
/// </remarks>
internal sealed unsafe class ColumnAppender : IDisposable
{
    /// <summary>Rows of one native vector (STANDARD_VECTOR_SIZE).</summary>
    public const int ChunkRows = 2048;

    private readonly DuckDBAppender appender;
    private readonly DuckDBDataChunk chunk;
    private readonly nint[] vectors;
    private readonly nint[] data;

    public ColumnAppender(DuckDBNativeConnection connection, string table, ReadOnlySpan<DuckDBType> columns)
    {
        Check(Appender.DuckDBAppenderCreate(connection, null!, table, out appender), table);
        var types = new DuckDBLogicalType[columns.Length];
        for (var i = 0; i < types.Length; i++)
            types[i] = LogicalType.DuckDBCreateLogicalType(columns[i]);
        var handles = Array.ConvertAll(types, t => t.DangerousGetHandle());
        chunk = DataChunks.DuckDBCreateDataChunk(handles, (ulong)handles.Length);
        foreach (var type in types)
            type.Dispose();
        vectors = new nint[columns.Length];
        data = new nint[columns.Length];
        Restart();
    }

    /// <summary>The row being written, within the chunk.</summary>
    public int Row { get; private set; }

    /// <summary>Whether rows wait for <see cref="Flush"/>.</summary>
    public bool HasRows { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set<T>(int column, T value)
        where T : unmanaged => ((T*)data[column])[Row] = value;

    /// <summary>Sets a text, or null.</summary>
    public void SetText(int column, string? text)
    {
        if (text is null)
        {
            SetNull(column);
            return;
        }
        const int onStack = 512;
        var max = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = max > onStack ? ArrayPool<byte>.Shared.Rent(max) : null;
        var buffer = rented ?? stackalloc byte[onStack];
        var length = Encoding.UTF8.GetBytes(text, buffer);
        fixed (byte* bytes = buffer)
            Vectors.DuckDBVectorAssignStringElementLength(vectors[column], (ulong)Row, bytes, length);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    public void SetOrNull(int column, long? value)
    {
        if (value is { } given)
            Set(column, given);
        else
            SetNull(column);
    }

    public void SetNull(int column)
    {
        Vectors.DuckDBVectorEnsureValidityWritable(vectors[column]);
        var validity = Vectors.DuckDBVectorGetValidity(vectors[column]);
        validity[Row >> 6] &= ~(1UL << (Row & 63));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndRow()
    {
        HasRows = true;
        if (++Row == ChunkRows)
            AppendChunk();
    }

    /// <summary>Sends the rows to the table within the open transaction.</summary>
    public void Flush()
    {
        AppendChunk();
        Check(Appender.DuckDBAppenderFlush(appender), "flush");
        HasRows = false;
    }

    public void Dispose()
    {
        chunk.Dispose();
        appender.Dispose();
    }

    private void AppendChunk()
    {
        if (Row == 0)
            return;
        DataChunks.DuckDBDataChunkSetSize(chunk, (ulong)Row);
        Check(Appender.DuckDBAppendDataChunk(appender, chunk), "append");
        DataChunks.DuckDBDataChunkReset(chunk);
        Restart();
    }

    /// <summary>A reset gives the vectors their own buffers back: the addresses are asked for again.</summary>
    private void Restart()
    {
        for (var i = 0; i < vectors.Length; i++)
        {
            vectors[i] = DataChunks.DuckDBDataChunkGetVector(chunk, i);
            data[i] = (nint)Vectors.DuckDBVectorGetData(vectors[i]);
        }
        Row = 0;
    }

    private void Check(DuckDBState state, string what)
    {
        if (state == DuckDBState.Success)
            return;
        using var error = Appender.DuckDBAppenderErrorData(appender);
        throw new DuckDbFailure($"{what}: {error.Message}", ErrorData.DuckDBErrorDataErrorType(error));
    }
}

/// <summary>DuckDB refused; the message is its own. Caught inside the store.</summary>
internal sealed class DuckDbFailure(string message, DuckDBErrorType kind) : Exception(message)
{
    public DuckDBErrorType Kind => kind;
}
