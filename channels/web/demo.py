"""What the demo shows: Larkhome's products, and articles that its pages link to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """`picture` names a template in templates/products; `question` is what one may ask about it."""

    name: str
    price: str
    summary: str
    picture: str
    article_id: str
    question: str


PRODUCTS = (
    Product(
        "Lark Hub 2",
        "£89",
        "One quiet box for Zigbee, Thread and Matter.",
        "hub",
        "hub-set-up",
        "How do I set up the Lark Hub 2?",
    ),
    Product(
        "Lark Glow bulb",
        "from £12",
        "Warm to cool white, E27, B22, E14 and GU10.",
        "glow",
        "glow-bulb-pairing",
        "Which Glow bulb fits my lamp?",
    ),
    Product(
        "Lark Latch",
        "£199",
        "The lock that knows when you are home.",
        "latch",
        "latch-install",
        "Does the Lark Latch fit my door?",
    ),
    Product(
        "Lark Eye Outdoor",
        "£129",
        "2K by day and night, battery or solar.",
        "eye",
        "eye-outdoor-set-up",
        "Can the Eye Outdoor run on solar power?",
    ),
    Product(
        "Lark Chime",
        "£149",
        "See who rings, from the sofa or from afar.",
        "chime",
        "chime-wiring-or-battery",
        "Do I need wiring for the Lark Chime?",
    ),
    Product(
        "Lark Therm",
        "£169",
        "Heats the rooms you are in, not the others.",
        "therm",
        "therm-compatibility-and-installation",
        "Does the Lark Therm work with my boiler?",
    ),
    Product(
        "Lark Plug",
        "£19",
        "Makes anything with a plug a little cleverer.",
        "plug",
        "plug-maximum-load",
        "What can I run on a Lark Plug?",
    ),
    Product(
        "Lark Smoke",
        "£59",
        "A sealed battery that lasts ten years.",
        "smoke",
        "smoke-alarm-test",
        "How often should I test the Lark Smoke?",
    ),
)

FEATURED = (
    "track-order",
    "return-opened-item",
    "refund-times",
    "cancel-order",
    "hub-offline",
    "reset-password",
)

CONTACT = "/help/contact-and-opening-hours"
