"""Charts: pure functions from answers to data frames, and from data frames to figures.

Encodings are written as channels, never as bare strings or conditions: to look up what those mean
takes Altair longer than all the rest of a figure, and every refresh of every viewer makes it anew.
"""
