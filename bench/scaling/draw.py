"""Reads what the benchmark `search` prints, writes results.tsv beside this file and draws docs/pulsedb-scaling.svg."""

import math
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What is drawn: the name of the benchmark, its name in the picture, the panel, the colour.
LINES = [
    ("nearest 10, p50 / p99", "ten nearest of 384 dimensions", 0, "#c33"),
    ("lexical, 6 terms", "six words", 0, "#36c"),
    ("open and first search, cold process", "open and first search, cold process", 0, "#393"),
    ("record, durable, p50 / p99", "record, durable", 1, "#c33"),
    ("record in a batch of 100, p50", "one of a batch of 100", 1, "#36c"),
    ("bytes a record of the file", "bytes a record on disk", 2, "#c33"),
]
PANELS = [("searches", "us"), ("records", "us"), ("disk", "bytes")]
UNITS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
PRINTED = re.compile(r"^(?P<name>.+) at (?P<size>\d+): (?P<value>[\d.]+)(?: (?P<unit>ns|us|ms|s)\b)?")
WIDTH, HEIGHT, GAP, TOP = 330, 260, 90, 50


def read(lines):
    """The first number of each line that is drawn, in microseconds or bytes."""
    found = {}
    names = {name for name, *_ in LINES}
    for line in lines:
        match = PRINTED.match(line.strip())
        if match and match["name"] in names:
            scale = UNITS.get(match["unit"], 1.0)
            found[match["name"], int(match["size"])] = float(match["value"]) * scale
    return found


def label(value, unit):
    """A mark of the axis."""
    if unit == "bytes":
        return f"{value:g} B"
    for name, scale in [("s", 1e6), ("ms", 1e3), ("us", 1.0)]:
        if value >= scale:
            return f"{value / scale:g} {name}"
    return f"{value:g} us"


def panel(out, at, found, sizes):
    """Draws one panel, both of its axes logarithmic."""
    title, unit = PANELS[at]
    lines = [(name, text, colour) for name, text, of, colour in LINES if of == at]
    values = [found[name, size] for name, _, _ in lines for size in sizes if (name, size) in found]
    if not values:
        return
    low, high = (10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values))))
    high = max(high, low * 10)
    first, last = math.log10(sizes[0]), max(math.log10(sizes[-1]), math.log10(sizes[0]) + 1)
    x = lambda size: (math.log10(size) - first) / (last - first) * WIDTH
    y = lambda value: HEIGHT - math.log10(value / low) / math.log10(high / low) * HEIGHT
    out.append(f'<g transform="translate({70 + at * (WIDTH + GAP)},{TOP})">')
    out.append(f'<text y="-14" font-weight="bold">{title}</text>')
    out.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>')
    for size in sizes:
        out.append(f'<text x="{x(size):.0f}" y="{HEIGHT + 16}" text-anchor="middle">{size:,}</text>')
    mark = low
    while mark <= high * 1.01:
        out.append(f'<line x2="{WIDTH}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="#eee"/>')
        out.append(f'<text x="-6" y="{y(mark) + 4:.1f}" text-anchor="end">{label(mark, unit)}</text>')
        mark *= 10
    for row, (name, text, colour) in enumerate(lines):
        points = [(x(size), y(found[name, size])) for size in sizes if (name, size) in found]
        joined = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
        out.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        out.extend(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{colour}"/>' for left, top in points)
        out.append(f'<text x="8" y="{16 + 15 * row}" fill="{colour}">{text}</text>')
    out.append("</g>")


def main():
    found = read(sys.stdin)
    if not found:
        sys.exit("nothing that the benchmark prints was read")
    sizes = sorted({size for _, size in found})
    rows = [f"{size}\t{name}\t{value:g}\n" for (name, size), value in sorted(found.items(), key=lambda one: one[0][::-1])]
    (HERE / "results.tsv").write_text("records\twhat\tmicroseconds or bytes\n" + "".join(rows))
    width, height = 70 + 3 * (WIDTH + GAP), TOP + HEIGHT + 60
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">']
    out.append(f'<rect width="{width}" height="{height}" fill="white"/>')
    for at in range(len(PANELS)):
        panel(out, at, found, sizes)
    out.append(f'<text x="{width / 2:.0f}" y="{height - 12}" text-anchor="middle">medians by records of the collective</text>')
    out.append("</svg>\n")
    (HERE.parent.parent / "docs" / "pulsedb-scaling.svg").write_text("\n".join(out))


if __name__ == "__main__":
    main()
