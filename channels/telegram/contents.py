"""What a message of Telegram holds, as words and files."""

import json
from collections.abc import Sequence

from telegram import (
    Animation,
    Audio,
    Contact,
    Document,
    Location,
    Message,
    PhotoSize,
    Sticker,
    Venue,
    Video,
    VideoNote,
    Voice,
)

from channels.inbox import File
from handoff.transcript import printable

Contents = tuple[str, tuple[File, ...]]

# What a file without a name or a type of its own is.
KINDS: dict[type, tuple[str, str]] = {
    Animation: ("animation.mp4", "video/mp4"),
    Audio: ("audio.mp3", "audio/mpeg"),
    Document: ("document", "application/octet-stream"),
    Video: ("video.mp4", "video/mp4"),
    VideoNote: ("video-note.mp4", "video/mp4"),
    Voice: ("voice.ogg", "audio/ogg"),
}
Recording = Animation | Audio | Document | Video | VideoNote | Voice


def contents(message: Message) -> Contents | None:
    """The message's words and files; None for what the desk can do nothing with (a poll, a game,
    somebody joined)."""
    words = message.text or message.caption or ""
    match message.venue or message.effective_attachment:
        case None if words:
            return words, ()
        case [PhotoSize(), *_] as sizes:
            return words, (_photo(sizes),)
        case Venue() as venue:
            named = f"{venue.title}, {venue.address}"
            return f"{named}\n{_where(venue.location)}", (_place(venue.location, named),)
        case Location() as location:
            return _where(location), (_place(location),)
        case Contact() as contact:
            return f"Contact: {_name(contact)}, {contact.phone_number}", (_card(contact),)
        case Sticker(emoji=str() as emoji):
            return emoji, ()
        case file if isinstance(file, Recording):
            return words, (_file(file),)
    return None


def _photo(sizes: Sequence[PhotoSize]) -> File:
    largest = max(sizes, key=lambda size: size.width * size.height)
    return File("photo.jpg", "image/jpeg", source=largest.file_id, size=largest.file_size)


def _file(file: Recording) -> File:
    name, media_type = KINDS[type(file)]
    own_name = getattr(file, "file_name", None) or name
    own_type = getattr(file, "mime_type", None) or media_type
    return File(printable(own_name), own_type, source=file.file_id, size=file.file_size)


def _where(location: Location) -> str:
    return f"Location: {location.latitude}, {location.longitude}"


def _place(location: Location, name: str | None = None) -> File:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [location.longitude, location.latitude]},
        "properties": {"name": name} if name else {},
    }
    data = json.dumps(feature).encode()
    return File("location.geojson", "application/geo+json", data, size=len(data))


def _card(contact: Contact) -> File:
    made = f"BEGIN:VCARD\nVERSION:3.0\nFN:{_escaped(_name(contact))}\n" + (
        f"TEL:{_escaped(contact.phone_number)}\nEND:VCARD\n"
    )
    data = printable(contact.vcard or made).encode()
    return File("contact.vcf", "text/vcard", data, size=len(data))


def _name(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name or ''}".strip()


def _escaped(value: str) -> str:
    """As vCard 3.0 (RFC 2426) wants text values."""
    for character in "\\,;":
        value = value.replace(character, f"\\{character}")
    return value.replace("\n", "\\n")
