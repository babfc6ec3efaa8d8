"""What Slack refuses in blocks and views, with the places as its errors name them."""

from collections.abc import Iterator

from tests.fakes.slack.world import Json

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
LONGEST = {
    ("section", "text"): 3000,
    ("header", "text"): 150,
    ("input", "label"): 2000,
    ("button", "text"): 75,
    ("option", "text"): 75,
    ("modal", "title"): 24,
    ("modal", "submit"): 24,
    ("modal", "close"): 24,
}
LONGEST_STRING = {"value": 2000, "action_id": 255, "block_id": 255, "url": 3000}
BLOCKS = frozenset(
    {
        "actions",
        "context",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "rich_text",
        "section",
        "table",
        "video",
    }
)
ELEMENTS = frozenset(
    {
        "button",
        "checkboxes",
        "channels_select",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "feedback_buttons",
        "file_input",
        "icon_button",
        "image",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
    }
)
MOST_ELEMENTS = {"actions": 25, "context": 10}


def problems(blocks: object, where: str = "message") -> list[str]:
    """What is wrong with the blocks of a message, a modal or a Home tab; nothing if all is well."""
    if not isinstance(blocks, list):
        return ["[ERROR] expected an array [json-pointer:/blocks]"]
    return [f"[ERROR] {what} [json-pointer:{at}]" for what, at in _in_blocks(blocks, where)]


def problems_of_view(view: Json) -> list[str]:
    kind = view.get("type", "")
    if kind not in ("modal", "home"):
        return ["[ERROR] unsupported type [json-pointer:/type]"]
    found = problems(view.get("blocks"), kind)
    if kind == "modal":
        found += [f"[ERROR] {what} [json-pointer:{at}]" for what, at in _in_modal(view)]
    return found


Problems = Iterator[tuple[str, str]]


def _in_modal(view: Json) -> Problems:
    if not view.get("title"):
        yield "missing required field: title", "/title"
    for name in ("title", "submit", "close"):
        if name in view:
            yield from _in_text(view[name], LONGEST["modal", name], f"/{name}", plain=True)
    if not view.get("submit") and any(block["type"] == "input" for block in view["blocks"]):
        yield "submit is required when an input block is in the blocks", "/submit"
    if len(view.get("private_metadata", "")) > 3000:
        yield "must be less than 3001 characters", "/private_metadata"


def _in_blocks(blocks: list[Json], where: str) -> Problems:
    if len(blocks) > MOST_BLOCKS[where]:
        yield f"no more than {MOST_BLOCKS[where]} items allowed", "/blocks"
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    for block_id in {each for each in ids if ids.count(each) > 1}:
        yield f'`block_id` "{block_id}" already exists', "/blocks"
    for number, block in enumerate(blocks):
        yield from _in_block(block, f"/blocks/{number}")


def _in_block(block: Json, at: str) -> Problems:
    kind = block.get("type", "")
    if kind not in BLOCKS:
        yield f"unsupported type: {kind}", f"{at}/type"
        return
    yield from _in_strings(block, at)
    if kind == "section":
        yield from _in_section(block, at)
    elif kind == "header":
        yield from _in_text(block.get("text"), LONGEST["header", "text"], f"{at}/text", plain=True)
    elif kind == "input":
        limit = LONGEST["input", "label"]
        yield from _in_text(block.get("label"), limit, f"{at}/label", plain=True)
        yield from _in_element(block.get("element", {}), f"{at}/element")
    elif kind in MOST_ELEMENTS:
        yield from _in_elements(block, f"{at}/elements")


def _in_section(block: Json, at: str) -> Problems:
    fields = block.get("fields", [])
    if "text" in block:
        yield from _in_text(block["text"], LONGEST["section", "text"], f"{at}/text")
    elif not fields:
        yield "missing required field: text", at
    if len(fields) > 10:
        yield "no more than 10 items allowed", f"{at}/fields"
    for number, each in enumerate(fields):
        yield from _in_text(each, 2000, f"{at}/fields/{number}")
    if "accessory" in block:
        yield from _in_element(block["accessory"], f"{at}/accessory")


def _in_elements(block: Json, at: str) -> Problems:
    elements, most = block.get("elements", []), MOST_ELEMENTS[block["type"]]
    if not elements:
        yield "no fewer than 1 items allowed", at
    if len(elements) > most:
        yield f"no more than {most} items allowed", at
    ids = [each["action_id"] for each in elements if each.get("action_id")]
    for action_id in {each for each in ids if ids.count(each) > 1}:
        yield f'`action_id` "{action_id}" already exists', at
    for number, element in enumerate(elements):
        if block["type"] == "context" and element.get("type") in ("mrkdwn", "plain_text"):
            yield from _in_text(element, 2000, f"{at}/{number}")
        else:
            yield from _in_element(element, f"{at}/{number}")


def _in_element(element: Json, at: str) -> Problems:
    kind = element.get("type", "")
    if kind not in ELEMENTS:
        yield f"unsupported type: {kind}", f"{at}/type"
        return
    yield from _in_strings(element, at)
    if kind == "button":
        limit = LONGEST["button", "text"]
        yield from _in_text(element.get("text"), limit, f"{at}/text", plain=True)
        if element.get("style", "primary") not in ("primary", "danger"):
            yield "value must be one of: primary, danger", f"{at}/style"
    if kind == "image" and not element.get("alt_text"):
        yield "missing required field: alt_text", at
    for number, option in enumerate(element.get("options", [])):
        yield from _in_text(option.get("text"), LONGEST["option", "text"], f"{at}/options/{number}")


def _in_strings(part: Json, at: str) -> Problems:
    for name, limit in LONGEST_STRING.items():
        if len(part.get(name) or "") > limit:
            yield f"must be less than {limit + 1} characters", f"{at}/{name}"


def _in_text(text: object, limit: int, at: str, plain: bool = False) -> Problems:
    if not isinstance(text, dict):
        yield "expected a text object", at
    elif text.get("type") not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
        yield "invalid type", f"{at}/type"
    elif not text.get("text"):
        yield "must be more than 0 characters", f"{at}/text"
    elif len(text["text"]) > limit:
        yield f"must be less than {limit + 1} characters", f"{at}/text"
