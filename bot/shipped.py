"""Where the data that comes with Firstline lies."""

from pathlib import Path


def shipped_training_data() -> Path:
    """The demo company's data: beside the packages in a checkout, inside them when installed."""
    checkout = Path(__file__).parents[1] / "training_data"
    return checkout if checkout.is_dir() else Path(__file__).parent / "demo"
