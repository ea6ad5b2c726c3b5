"""The site's logo, a small step up: as an icon, and on the social card shown when the site is shared."""

from collections.abc import Callable
from io import BytesIO

__all__ = ["FAVICON", "social_card"]

FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    "<style>path{fill:#0a4b78}@media(prefers-color-scheme:dark){path{fill:#93caf5}}</style>"
    '<path d="M0 16v-5h5V6h5V1h6v15z"/></svg>\n'
)
_WIDTH, _HEIGHT, _MARGIN = 1200, 630, 96
_PAPER, _INK, _SOFT, _ACCENT = "#fdfdfb", "#1a1d22", "#484d56", "#0a4b78"


def social_card(title: str, about: str) -> bytes:
    """A PNG of 1200 by 630 with the title and what the site is about."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    x, y, step = _MARGIN, _MARGIN, 28
    for number in range(3):
        draw.rectangle(
            (x + number * step, y + (2 - number) * step, x + (number + 1) * step, y + 3 * step), _ACCENT
        )
    y += 3 * step + 64
    for text, size, colour, most in ((title, 84, _INK, 2), (about, 36, _SOFT, 3)):
        font = ImageFont.load_default(size)
        for line in _lines(text, font.getlength, most):
            draw.text((x, y), line, colour, font)
            y += round(size * 1.3)
        y += 28
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _lines(text: str, length: Callable[[str], float], most: int) -> list[str]:
    """The words in lines that fit, and no more lines than ``most``."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if length(longer) <= _WIDTH - 2 * _MARGIN or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines[:most]
