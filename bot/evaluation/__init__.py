"""How well the bot does on labelled data, part by part."""
