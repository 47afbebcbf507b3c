using System.Buffers.Text;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Installer.Mountings;

/// <summary>A request to mount a device, checked by itself.</summary>
internal sealed record MountingRequest(string Id, string Code, SiteId Site, SiteId? Replaces, string? Note, DateTimeOffset? Done, byte[]? Photo)
{
    public static Outcome<MountingRequest> Check(MountDevice request, InstallerOptions options)
    {
        if (request.Id is not { Length: >= 8 and <= InstallerDbContext.IdLength } id || id.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
            return new Problem(ProblemKind.Invalid, $"'id' has 8 to {InstallerDbContext.IdLength} letters, digits and '-'; draw it at random.", "id");
        if (!LabelCode.TryParse(request.Code, out var code) || code.Device is null)
            return new Problem(ProblemKind.Invalid, "'code' is what the label of a device says, or its id or serial number.", "code");
        if (!SiteId.TryParse(request.Site, out var site))
            return new Problem(ProblemKind.Invalid, "'site' is the path of a place, as /api/v1/sites lists them.", "site");
        SiteId? replaces = null;
        if (request.Replaces is { } said)
        {
            if (!SiteId.TryParse(said, out var known))
                return new Problem(ProblemKind.Invalid, "'replaces' is the path of a place.", "replaces");
            replaces = known;
        }
        var note = string.IsNullOrWhiteSpace(request.Note) ? null : request.Note.Trim();
        if (note is { Length: > InstallerOptions.MaxNoteLength } || note?.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) == true)
            return new Problem(ProblemKind.Invalid, $"A note has at most {InstallerOptions.MaxNoteLength:N0} characters.", "note");
        var photo = PhotoOf(request.Photo, options);
        return photo.IsOk ? new MountingRequest(id, request.Code, site, replaces, note, request.At, photo.Value.Length == 0 ? null : photo.Value) : photo.Problem;
    }

    private static Outcome<byte[]> PhotoOf(string? text, InstallerOptions options)
    {
        if (string.IsNullOrEmpty(text))
            return Array.Empty<byte>();
        if (!Base64.IsValid(text, out var length))
            return new Problem(ProblemKind.Invalid, "'photo' is the picture's bytes in base64.", "photo");
        if (length > options.MaxPhotoBytes)
            return new Problem(ProblemKind.TooMuch, $"The photo has {length:N0} bytes; at most {options.MaxPhotoBytes:N0} are taken.", "photo");
        var content = Convert.FromBase64String(text);
        return PhotoFormat.Of(content) is null ? new Problem(ProblemKind.Invalid, "The photo is neither JPEG nor PNG nor WebP.", "photo") : content;
    }
}
