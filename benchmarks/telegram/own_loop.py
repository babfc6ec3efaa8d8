"""A bot as python-telegram-bot's documentation has it: python -m benchmarks.telegram.own_loop

Takes the Bot API's URL and the token; answers every message after a moment's thought.
"""

import asyncio
import sys

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler

THOUGHT = 0.02  # seconds, about what a turn of ours takes


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await asyncio.sleep(THOUGHT)
    if update.message:
        await update.message.reply_text("Hello, how can I help?")


def main() -> None:
    url, token = sys.argv[1:]
    application = Application.builder().token(token).base_url(url).build()
    application.add_handler(MessageHandler(None, answer))
    application.run_polling()


if __name__ == "__main__":
    main()
