using System.IO.Pipelines;
using Strata.Core;

namespace Strata.Cloud.Platform.Archive;

/// <summary>Files on their way out of an archive to the slices that keep them. What was taken is held until this is disposed: until rows name it.</summary>
internal sealed class IncomingFiles(IEnumerable<ITenantFiles> slices) : IAsyncDisposable
{
    private readonly List<HeldFiles> held = [];
    private Pipe? pipe;
    private Task<Outcome<HeldFiles>>? taking;

    /// <summary>Pieces of a file come one after the other.</summary>
    /// <exception cref="ArchiveException">Nobody keeps such files, or not this one.</exception>
    public async Task TakeAsync(ArchiveContent.File piece, CancellationToken cancellationToken)
    {
        if (pipe is null)
        {
            var slice = slices.FirstOrDefault(s => s.Kind == piece.Kind) ?? throw new ArchiveException($"The archive has {piece.Kind}, which this program does not keep.");
            pipe = new Pipe();
            taking = TakeAsync(slice, piece.Name, pipe.Reader, cancellationToken);
        }
        await pipe.Writer.WriteAsync(piece.Bytes, cancellationToken);
        if (!piece.IsLast)
            return;
        await pipe.Writer.CompleteAsync();
        var taken = await taking!;
        (pipe, taking) = (null, null);
        held.Add(taken.IsOk ? taken.Value : throw new ArchiveException($"{piece.Name} of the archive's {piece.Kind} cannot be kept here: {taken.Problem.Detail}"));
    }

    public async ValueTask DisposeAsync()
    {
        if (pipe is not null)
        {
            await pipe.Writer.CompleteAsync(new IOException("The archive was not read to the file's end."));
            await ((Task)taking!).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        foreach (var file in held)
            file.Dispose();
    }

    /// <summary>What is not read any more is let go, so that nobody waits for who has refused the file.</summary>
    private static async Task<Outcome<HeldFiles>> TakeAsync(ITenantFiles slice, string name, PipeReader content, CancellationToken cancellationToken)
    {
        try
        {
            return await slice.TakeAsync(name, content.AsStream(leaveOpen: true), cancellationToken);
        }
        finally
        {
            await content.CompleteAsync();
        }
    }
}
