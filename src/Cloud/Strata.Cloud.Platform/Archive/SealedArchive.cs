using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Cloud.Platform.Archive;

/// <summary>
/// A file that is read and written as one stream and opens with its key only: a line that says what it is, a salt, then chunks of 64 KiB, each sealed with AES-256-GCM under a nonce that is its number and whether
/// it is the last. A chunk that was changed, left out, put elsewhere or cut off does not open, and the number of the first one says where.
/// </summary>
public static class SealedArchive
{
    private const int SaltLength = 16;

    private const int TagLength = 16;

    /// <summary>Of PBKDF2 with SHA-512: a guess costs what it costs us once.</summary>
    private const int Iterations = 210_000;

    /// <summary>Plain bytes of a chunk.</summary>
    internal const int ChunkLength = 65_536;

    /// <summary>A secret's shortest length.</summary>
    public const int ShortestSecret = 16;

    private static ReadOnlySpan<byte> Title => "STRATA TENANT ARCHIVE 1\n"u8;

    /// <summary>Writes what is written to it, sealed. The file ends with the disposal of a stream that was completed (<see cref="WriteStream.Complete"/>); another is cut off.</summary>
    /// <param name="secret">What the key is derived from; at least <see cref="ShortestSecret"/> bytes.</param>
    public static WriteStream Write(Stream target, ReadOnlySpan<byte> secret)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return new WriteStream(target, salt, new AesGcm(Key(secret, salt), TagLength));
    }

    /// <summary>Reads what was sealed.</summary>
    /// <exception cref="ArchiveException">It is no archive.</exception>
    public static async Task<Stream> ReadAsync(Stream source, byte[] secret, CancellationToken cancellationToken)
    {
        var head = new byte[Title.Length + SaltLength];
        var read = await source.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < head.Length || !head.AsSpan(0, Title.Length).SequenceEqual(Title))
        {
            var known = head.AsSpan(0, Math.Min(read, Title.Length)).StartsWith("STRATA TENANT ARCHIVE "u8);
            throw new ArchiveException(known && read == head.Length
                ? $"The archive is of another version ({Encoding.ASCII.GetString(head, 0, Title.Length).Trim()}); this program reads {Encoding.ASCII.GetString(Title).Trim()}."
                : "This is not an archive of a tenant: it does not begin as one.");
        }
        return new ReadStream(source, new AesGcm(Key(secret, head.AsSpan(Title.Length)), TagLength));
    }

    private static byte[] Key(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt) => secret.Length >= ShortestSecret
        ? Rfc2898DeriveBytes.Pbkdf2(secret, salt, Iterations, HashAlgorithmName.SHA512, 32)
        : throw new ArchiveException($"The key of an archive has at least {ShortestSecret} characters.");

    private static void Nonce(Span<byte> nonce, long chunk, bool isLast)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce, chunk);
        nonce[11] = isLast ? (byte)1 : (byte)0;
    }

    /// <summary>The writing side.</summary>
    public sealed class WriteStream(Stream target, byte[] salt, AesGcm cipher) : Stream
    {
        private readonly byte[] plain = new byte[ChunkLength];
        private readonly byte[] cipherText = new byte[ChunkLength + TagLength];
        private int filled;
        private long chunk;
        private bool begun;
        private bool complete;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>Everything was written: the disposal ends the file.</summary>
        public void Complete() => complete = true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (buffer.Length > 0)
            {
                if (filled == ChunkLength)
                    await FlushChunkAsync(isLast: false, cancellationToken);
                var count = Math.Min(buffer.Length, ChunkLength - filled);
                buffer[..count].CopyTo(plain.AsMemory(filled));
                filled += count;
                buffer = buffer[count..];
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write asynchronously.");

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override async ValueTask DisposeAsync()
        {
            if (complete)
            {
                complete = false;
                await FlushChunkAsync(isLast: true, CancellationToken.None);
                await target.FlushAsync(CancellationToken.None);
            }
            cipher.Dispose();
            await base.DisposeAsync();
        }

        private async Task FlushChunkAsync(bool isLast, CancellationToken cancellationToken)
        {
            if (!begun)
            {
                await target.WriteAsync(Title.ToArray(), cancellationToken);
                await target.WriteAsync(salt, cancellationToken);
                begun = true;
            }
            var length = Seal(isLast);
            await target.WriteAsync(cipherText.AsMemory(0, length), cancellationToken);
            filled = 0;
            chunk++;
        }

        private int Seal(bool isLast)
        {
            Span<byte> nonce = stackalloc byte[12];
            Nonce(nonce, chunk, isLast);
            cipher.Encrypt(nonce, plain.AsSpan(0, filled), cipherText.AsSpan(0, filled), cipherText.AsSpan(filled, TagLength));
            return filled + TagLength;
        }
    }

    private sealed class ReadStream(Stream source, AesGcm cipher) : Stream
    {
        private readonly byte[] plain = new byte[ChunkLength];
        private byte[] cipherText = new byte[ChunkLength + TagLength];
        private byte[] next = new byte[ChunkLength + TagLength];
        private int nextLength = -1;
        private int at;
        private int filled;
        private long chunk;
        private bool ended;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (at == filled)
            {
                if (ended)
                    return 0;
                await NextAsync(cancellationToken);
            }
            var count = Math.Min(buffer.Length, filled - at);
            plain.AsMemory(at, count).CopyTo(buffer);
            at += count;
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            cipher.Dispose();
            base.Dispose(disposing);
        }

        private async Task NextAsync(CancellationToken cancellationToken)
        {
            if (nextLength < 0)
                nextLength = await source.ReadAtLeastAsync(next, next.Length, throwOnEndOfStream: false, cancellationToken);
            (cipherText, next) = (next, cipherText);
            var length = nextLength;
            nextLength = length == cipherText.Length ? await source.ReadAtLeastAsync(next, next.Length, throwOnEndOfStream: false, cancellationToken) : 0;
            ended = nextLength == 0;
            Open(length);
            chunk++;
        }

        private void Open(int length)
        {
            if (length < TagLength)
                throw Cut();
            Span<byte> nonce = stackalloc byte[12];
            try
            {
                Nonce(nonce, chunk, ended);
                filled = length - TagLength;
                at = 0;
                cipher.Decrypt(nonce, cipherText.AsSpan(0, filled), cipherText.AsSpan(filled, TagLength), plain.AsSpan(0, filled));
            }
            catch (CryptographicException e)
            {
                throw ended && (length < cipherText.Length ? chunk > 0 : IsWhole(length)) ? Cut(e) : new ArchiveException(
                    chunk == 0 ? "The archive does not open with this key, or its beginning is damaged." : $"The archive is damaged near byte {Place}: the part there is not as it was written.", e);
            }
        }

        /// <summary>Whether the chunk opens as one that others follow.</summary>
        private bool IsWhole(int length)
        {
            Span<byte> nonce = stackalloc byte[12];
            Nonce(nonce, chunk, isLast: false);
            try
            {
                cipher.Decrypt(nonce, cipherText.AsSpan(0, length - TagLength), cipherText.AsSpan(length - TagLength, TagLength), plain.AsSpan(0, length - TagLength));
                return true;
            }
            catch (CryptographicException)
            {
                return false;
            }
        }

        private long Place => Title.Length + SaltLength + (chunk * (ChunkLength + TagLength));

        private ArchiveException Cut(Exception? inner = null) => new($"The archive is cut off, or damaged, after byte {Place}: its end is missing.", inner);
    }
}
