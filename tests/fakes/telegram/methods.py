"""The methods of the Bot API that answer at once, checked as Telegram checks them."""

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.fakes.telegram.markup import parse_html, utf16_length
from tests.fakes.telegram.parameters import Parameters
from tests.fakes.telegram.refusal import Refusal, bad_request
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.world import Chat, Json, World

LONGEST_TEXT = 4096  # UTF-16 units, without the tags
LONGEST_CALLBACK = 64  # bytes
LARGEST_DOWNLOAD = 20 * 1024 * 1024
ACTION_SECONDS = 5
ACTIONS = {"typing", "upload_photo", "upload_document", "upload_voice", "upload_video"}


class Methods:
    """`answer(method, parameters)` is the `result`, or a Refusal."""

    def __init__(self, world: World, webhook: Webhook) -> None:
        self._world = world
        self._webhook = webhook
        self._methods: dict[str, Callable[[Parameters], object]] = {
            "getme": lambda _: self._world.bot | {"can_join_groups": True},
            "sendmessage": self._send_message,
            "sendchataction": self._send_chat_action,
            "answercallbackquery": self._answer_callback_query,
            "editmessagereplymarkup": self._edit_message_reply_markup,
            "getfile": self._get_file,
            "setmycommands": self._set_my_commands,
            "getmycommands": lambda _: self._world.commands,
            "setmydescription": lambda _: True,
            "setmyshortdescription": lambda _: True,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": lambda _: self._webhook.info(),
        }

    def answer(self, method: str, parameters: Parameters) -> object:
        if method.lower() not in self._methods:
            raise Refusal(404, "Not Found: method not found")
        with self._world.lock:
            return self._methods[method.lower()](parameters)

    def _send_message(self, given: Parameters) -> Json:
        chat = self._chat(given)
        text, entities = _text(given)
        content: Json = {"text": text}
        if entities:
            content["entities"] = entities
        if keyboard := _keyboard(given):
            content["reply_markup"] = keyboard
        if thread := given.integer("message_thread_id"):
            content |= {"message_thread_id": thread, "is_topic_message": True}
        if replied := _replied_to(given, chat):
            content["reply_to_message"] = replied
        chat.typing_until = 0
        return chat.put(self._world.bot, content)

    def _send_chat_action(self, given: Parameters) -> bool:
        action = given.text("action")
        if action not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._chat(given)
        chat.actions.append(action)
        chat.typing_until = time.monotonic() + ACTION_SECONDS
        return True

    def _answer_callback_query(self, given: Parameters) -> bool:
        query = given.text("callback_query_id")
        if self._world.queries.get(query, "answered") is not None:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        self._world.queries[query] = given.text("text")
        return True

    def _edit_message_reply_markup(self, given: Parameters) -> Json:
        message = self._chat(given).messages.get(given.integer("message_id"))
        if not message or message["from"] != self._world.bot:
            raise bad_request("message to edit not found")
        keyboard = _keyboard(given)
        if message.get("reply_markup", {}) == keyboard:
            raise bad_request(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        message.pop("reply_markup", None)
        if keyboard:
            message["reply_markup"] = keyboard
        return message

    def _get_file(self, given: Parameters) -> Json:
        file_id = given.text("file_id")
        file = self._world.files.get(file_id)
        if not file:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if file.size > LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        about = {"file_id": file_id, "file_unique_id": file_id[-12:], "file_size": file.size}
        return about | {"file_path": file.path}

    def _set_my_commands(self, given: Parameters) -> bool:
        commands = given.parsed("commands") or []
        for command in commands:
            if not re.fullmatch("[a-z0-9_]{1,32}", command["command"]):
                raise bad_request("BOT_COMMAND_INVALID")
        self._world.commands = commands
        return True

    def _set_webhook(self, given: Parameters) -> bool:
        url, secret = given.text("url"), given.text("secret_token")
        if not re.fullmatch("[A-Za-z0-9_-]{0,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        if url and not _may_be_called(url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        self._note_wishes(given)
        self._webhook.set(url, secret, given.integer("max_connections") or 40)
        return True

    def _delete_webhook(self, given: Parameters) -> bool:
        self._note_wishes(given)
        self._webhook.set("", "", 40)
        return True

    def _note_wishes(self, given: Parameters) -> None:
        if (allowed := given.parsed("allowed_updates")) is not None:
            self._world.updates.allowed = allowed
        if given.flag("drop_pending_updates"):
            self._world.updates.waiting.clear()

    def _chat(self, given: Parameters) -> Chat:
        chat = self._world.chats.get(given.integer("chat_id"))
        if not chat:
            raise bad_request("chat not found")
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat


def _text(given: Parameters) -> tuple[str, list[Json]]:
    source, mode = given.text("text"), given.text("parse_mode").lower()
    if mode not in ("", "html"):
        raise bad_request("the fake parses no parse_mode but HTML")
    text, entities = parse_html(source) if mode else (source, given.parsed("entities") or [])
    if not text.strip():
        raise bad_request("message text is empty")
    if utf16_length(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return text, entities


def _keyboard(given: Parameters) -> Json:
    markup: Json = given.parsed("reply_markup") or {}
    for button in (button for row in markup.get("inline_keyboard", ()) for button in row):
        if not button.get("text"):
            raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
        if not button.keys() & {"callback_data", "url"}:
            raise bad_request("text buttons are unallowed in the inline keyboard")
        if not 0 < len(button.get("callback_data", "-").encode()) <= LONGEST_CALLBACK:
            raise bad_request("BUTTON_DATA_INVALID")
    return markup if markup.get("inline_keyboard") else {}


def _replied_to(given: Parameters, chat: Chat) -> Json | None:
    wanted: Json = given.parsed("reply_parameters") or {}
    message_id = wanted.get("message_id")
    if message_id is None:
        return None
    found = chat.messages.get(message_id)
    if not found and not wanted.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return found


def _may_be_called(url: str) -> bool:
    """HTTPS, as Telegram wants; or HTTP on this machine, as one's own Bot API server allows."""
    address = urlsplit(url)
    return address.scheme == "https" or address.hostname == "127.0.0.1"
