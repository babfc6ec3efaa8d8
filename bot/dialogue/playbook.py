"""An assistant's rules and stories together, in Rasa's order."""

from collections.abc import Iterable
from dataclasses import replace

from bot.dialogue.prediction import Prediction
from bot.dialogue.rulebook import Rulebook
from bot.dialogue.steps import Rule, Story
from bot.dialogue.storybook import Storybook
from bot.dialogue.telling import tell_story, unfold
from bot.dialogue.tracker import Tracker
from bot.domain import Domain


class Playbook:
    """What an assistant does next. Immutable once it is made."""

    def __init__(self, rules: Iterable[Rule], stories: Iterable[Story], domain: Domain) -> None:
        told = [(story.name, tell_story(steps, domain)) for story, steps in unfold(stories)]
        self._rules = Rulebook(rules, [each for _, each in told], domain)
        self._stories = Storybook(told, domain)
        self._forms = frozenset(domain.forms)

    def predict(self, tracker: Tracker) -> Prediction | None:
        """What comes next by the rules, or else by the stories; nothing that has just been
        rejected. Stories tell what happens when a form finds nothing, but not when an action fails.
        """
        rejected = tracker.rejected()
        by_rules = self._rules.predict(tracker)
        if by_rules and by_rules.action not in rejected:
            return by_rules
        if rejected - self._forms:
            return None
        told = self._stories.predict(tracker, rejected)
        return told and replace(told, interrupts=self._rules.come_back(tracker))
