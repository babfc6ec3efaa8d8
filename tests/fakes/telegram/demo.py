"""The demo company on Telegram, without Telegram: python -m tests.fakes.telegram.demo --data DATA

Serves DATA (firstline init --demo) connected to the fake, whose page is the customer's phone.
"""

import sys
import time

from tests.fakes.demo import arguments, serve_beside
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram.phone import Phone

SECRET = "the-demo-has-no-secrets"


def main() -> int:
    parser = arguments("The demo company on Telegram, without Telegram.", 8081)
    parser.add_argument("--mode", choices=["poll", "webhook"], default="poll")
    chosen = parser.parse_args()
    server = f"http://127.0.0.1:{chosen.port}"
    with FakeTelegram(port=chosen.page_port, first=int(time.time())) as telegram:
        telegram.app.router.routes += Phone(telegram).routes
        if chosen.mode == "webhook":
            telegram.webhook.set(f"{server}/webhooks/telegram/webhook", SECRET)
        print(f"Telegram on Alice's phone   {telegram.origin}/", file=sys.stderr)
        print(f"  and on Bob's              {telegram.origin}/?name=Bob", file=sys.stderr)
        return serve_beside(
            chosen.data,
            chosen.port,
            telegram_token=telegram.token,
            telegram_api_url=telegram.url,
            telegram_mode=chosen.mode,
            telegram_webhook_secret=SECRET,
            public_url=server,
        )


if __name__ == "__main__":
    sys.exit(main())
