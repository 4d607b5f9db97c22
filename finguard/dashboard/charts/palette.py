"""Colours that the colour-blind tell apart as well: Okabe and Ito, 2008."""

from typing import Final

ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
VERMILLION: Final = "#D55E00"
GREY: Final = "#8A94A6"
"""Readable on the light and on the dark background."""

SEVERITY_COLOURS: Final = {"high": VERMILLION, "medium": ORANGE, "low": SKY}
SEVERITY_SHAPES: Final = {"high": "triangle-up", "medium": "diamond", "low": "circle"}

INK: Final = {"light": "#0E1620", "dark": "#E6EAF0"}
"""For text inside a chart, by theme; the text of axes follows the theme by itself."""
