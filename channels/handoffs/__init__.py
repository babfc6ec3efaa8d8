"""Another assistant hands a conversation to our people: a Rasa that runs `action_hand_over`."""
