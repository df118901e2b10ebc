"""Draws media/icon.png (128x128) with the standard library: a floe on water, split by one crack.

Run: python3 scripts/icon.py
"""

import pathlib
import struct
import zlib

SIZE, FINE = 128, 4  # each pixel is the mean of FINE x FINE samples

BACKGROUND = (16, 52, 82)
WATER = (26, 104, 143)
ICE = (236, 247, 252)
SHADE = (158, 208, 230)

TOP_LEFT = [(24, 62), (46, 38), (70, 44), (60, 66), (44, 72)]
TOP_RIGHT = [(77, 42), (94, 36), (106, 58), (88, 72), (66, 69)]
SIDE_LEFT = [(24, 62), (44, 72), (60, 66), (58, 80), (44, 86), (28, 76)]
SIDE_RIGHT = [(66, 69), (88, 72), (106, 58), (103, 72), (88, 86), (66, 82)]


def inside(polygon, x, y):
    crossings = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1]):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            crossings = not crossings
    return crossings


def in_rounded_square(x, y, radius=26):
    dx = max(radius - x, x - (SIZE - radius), 0)
    dy = max(radius - y, y - (SIZE - radius), 0)
    return dx * dx + dy * dy <= radius * radius


def colour(x, y):
    """RGBA of one sample."""
    if not in_rounded_square(x, y):
        return (0, 0, 0, 0)
    for polygon, paint in ((TOP_LEFT, ICE), (TOP_RIGHT, ICE), (SIDE_LEFT, SHADE), (SIDE_RIGHT, SHADE)):
        if inside(polygon, x, y):
            return (*paint, 255)
    return (*(WATER if y > 74 else BACKGROUND), 255)


def pixel(column, row):
    samples = [
        colour(column + (i + 0.5) / FINE, row + (j + 0.5) / FINE) for i in range(FINE) for j in range(FINE)
    ]
    alpha = sum(sample[3] for sample in samples)
    if alpha == 0:
        return bytes(4)
    mixed = [round(sum(sample[c] * sample[3] for sample in samples) / alpha) for c in range(3)]
    return bytes([*mixed, round(alpha / len(samples))])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    rows = b"".join(
        b"\0" + b"".join(pixel(column, row) for column in range(SIZE)) for row in range(SIZE)
    )
    target = pathlib.Path(__file__).parent.parent / "media" / "icon.png"
    target.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    main()
