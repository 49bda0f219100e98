"""No example of Hypothesis is timed: how long one takes is the machine's doing."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
