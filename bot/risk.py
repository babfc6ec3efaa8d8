"""How sure the bot must be, so that no more than a given share of its answers is wrong.

Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2022, "Conformal Risk
Control"): with n questions whose outcome is known, the least threshold t for which

    (wrong answers at t + 1) / (n + 1) <= limit

keeps the expected share of wrong answers, of all questions, within the limit, for questions that
come from where those n came from. Nothing is assumed of the confidences, not even calibration.
"""

import numpy as np

from kb_index.classifier import Floats


def threshold(confidences: Floats, right: Floats, limit: float) -> float | None:
    """The least confidence from which to answer; None if the questions are too few to tell.

    `confidences` [n] and `right` [n] (1 where the first hit was right, else 0) are of questions
    that took no part in fitting the confidence. `limit` is a share of all questions.
    """
    allowed = int(np.floor(limit * (len(right) + 1) - 1 + 1e-9))
    if allowed < 0:
        return None
    wrong = np.sort(confidences[right < 1])[::-1]
    if len(wrong) <= allowed:
        return 0.0
    # Just above the surest question that may not be answered.
    return float(np.nextafter(np.float32(wrong[allowed]), np.float32(2)))
