"""Cut the shipped fonts from full Noto Sans SC files: the GB 2312 characters and what the project prints besides.

    python tools/make_fonts.py NotoSansSC-Regular.ttf NotoSansSC-Bold.ttf

The full fonts are the static Regular and Bold of Noto Sans SC (SIL Open Font License 1.1).
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset

TARGET = Path(__file__).resolve().parents[1] / "county_metrics" / "present" / "fonts"


def characters() -> set[int]:
    """GB 2312, ASCII, Latin-1, general punctuation, arrows and mathematical signs."""
    gb2312 = {
        ord(bytes((high, low)).decode("gb2312", "ignore") or " ") for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF)
    }
    blocks = [(0x20, 0x17F), (0x2010, 0x205E), (0x2190, 0x2199), (0x2200, 0x22FF), (0x2460, 0x2473), (0xFF01, 0xFF5E)]
    return gb2312 | {code for low, high in blocks for code in range(low, high + 1)}


def cut(full: Path, weight: str) -> Path:
    """Write the subset of one font file."""
    options = subset.Options(hinting=False, layout_features=["kern", "locl"], name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    font = subset.load_font(str(full), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters())
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 16):
            record.string = "Noto Sans SC"
        if record.nameID in (2, 17):
            record.string = weight
    font["head"].modified = font["head"].created
    target = TARGET / f"NotoSansSC-{weight}.ttf"
    subset.save_font(font, str(target), options)
    return target


if __name__ == "__main__":
    for source, weight in zip(sys.argv[1:3], ("Regular", "Bold"), strict=True):
        written = cut(Path(source), weight)
        print(written, written.stat().st_size)
