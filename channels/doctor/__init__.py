"""`firstline doctor`: what an installation needs from the world, looked at from here."""
