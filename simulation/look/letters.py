"""Side letters as stamps: lead type, wire, plates, stickers and what departments add to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Stamp = NDArray[np.float32]  # (h, w), 0 to 1

_Layers = NDArray[np.float32]  # (h, w, 2): what is drawn, and the letter's own strokes; 0 to 1
_INTO_THE_FIRST = (1.0, 0.0)

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_WORDS: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    # what departments write, and how often; D and G or I are French, Italian and Spanish, RE and LI German
    "right": (("R", "RT", "RIGHT", "R.", "D", "RE"), (0.72, 0.12, 0.06, 0.04, 0.04, 0.02)),
    "left": (("L", "LT", "LEFT", "L.", "G", "I", "LI"), (0.72, 0.12, 0.06, 0.04, 0.02, 0.02, 0.02)),
}
_ADDED = ("HIP", "AP", "ERECT", "SUP", "PORT", "X-TABLE", "WB", "LAT", "POST OP", "KM", "JT", "B.A.", "S", "12")


@dataclass(frozen=True, slots=True)
class SideLetter:
    """A letter as it was laid down."""

    stamp: Stamp  # all that is drawn: the letter with its frame, plate, note or pellets
    strokes: Stamp  # of the same shape: the letter's own, which a plate leaves out
    face_down: bool = False


def plain_letter(rng: np.random.Generator, side: str, height_px: float) -> SideLetter:
    """An ordinary letter that nobody can misread."""
    word = _word("R" if side == "right" else "L", height_px, _FONTS[1], rng.uniform(0.1, 0.17))
    return SideLetter(*_turned(_layers(word), 0.0))


def letter(rng: np.random.Generator, side: str, height_px: float) -> SideLetter:
    """Any letter for a side, turned as it was laid down."""
    words, shares = _WORDS[side]
    text = str(rng.choice(words, p=shares))
    small = 0.6 if len(text) > 2 else 1.0
    font = int(rng.choice(_FONTS))
    stamp = _layers(_word(text, height_px * small, font, rng.uniform(0.06, 0.2)))
    stamp = _stretched(stamp, rng.uniform(0.75, 1.2), rng.normal(0, 0.08))
    style = str(rng.choice(list(_STYLES), p=_STYLE_SHARES))
    stamp = _STYLES[style](stamp, height_px)
    if rng.random() < 0.22:
        stamp = _with_note(stamp, str(rng.choice(_ADDED)), height_px, font, below=bool(rng.random() < 0.7))
    face_down = bool(rng.random() < 0.025)
    if face_down:
        stamp = np.ascontiguousarray(stamp[:, ::-1])
    angle = rng.normal(0, 7) if rng.random() < 0.88 else rng.uniform(-100, 100)
    return SideLetter(*_turned(stamp, float(angle)), face_down)


def _layers(word: Stamp, *, own: bool = True) -> _Layers:
    return np.dstack((word, word if own else 0 * word))


def _word(text: str, height_px: float, font: int, weight: float) -> Stamp:
    """Letters of this height; ``weight`` is the stroke over the height."""
    thickness = max(1, round(height_px * weight))
    (_, tall), _ = cv2.getTextSize(text, font, 1.0, 1)
    scale = height_px / tall
    (wide, tall), base = cv2.getTextSize(text, font, scale, thickness)
    pad = thickness + 1
    canvas = np.zeros((tall + base // 2 + 2 * pad, wide + 2 * pad), np.float32)
    cv2.putText(canvas, text, (pad, pad + tall), font, scale, 1.0, thickness, cv2.LINE_AA)
    return canvas


def _stretched(stamp: _Layers, widen: float, slant: float) -> _Layers:
    """Condensed, extended or italic."""
    height, width = stamp.shape[:2]
    reach = abs(slant) * height
    matrix = np.array([[widen, -slant, max(0.0, slant) * height], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(stamp, matrix, (int(width * widen + reach) + 2, height))


def _framed(stamp: _Layers, height_px: float, margin: float) -> tuple[_Layers, int]:
    gap = int(height_px * margin) + 2
    framed = cv2.copyMakeBorder(stamp, gap, gap, gap, gap, cv2.BORDER_CONSTANT, value=0.0)
    return framed, max(1, round(height_px * 0.06))


def _bare(stamp: _Layers, _height_px: float) -> _Layers:
    return stamp


def _boxed(stamp: _Layers, height_px: float) -> _Layers:
    out, line = _framed(stamp, height_px, 0.35)
    cv2.rectangle(out, (line, line), (out.shape[1] - 1 - line, out.shape[0] - 1 - line), _INTO_THE_FIRST, line)
    return out


def _circled(stamp: _Layers, height_px: float) -> _Layers:
    out, line = _framed(stamp, height_px, 0.55)
    side = max(out.shape[:2])
    out = cv2.copyMakeBorder(
        out, (side - out.shape[0]) // 2, (side - out.shape[0] + 1) // 2, (side - out.shape[1]) // 2,
        (side - out.shape[1] + 1) // 2, cv2.BORDER_CONSTANT, value=0.0,
    )  # fmt: skip
    cv2.circle(out, (side // 2, side // 2), max(1, side // 2 - 1 - line), _INTO_THE_FIRST, line)
    return out


def _plate(stamp: _Layers, height_px: float) -> _Layers:
    """A lead plate from which the letter is cut."""
    out, _ = _framed(stamp, height_px, 0.3)
    out[..., 0] = 1.0 - out[..., 0]
    return out


def _on_plastic(stamp: _Layers, height_px: float) -> _Layers:
    """Lead in a plastic holder, which shows faintly."""
    out, line = _framed(stamp, height_px, 0.4)
    out[..., 0] = np.maximum(out[..., 0], 0.06)
    cv2.rectangle(out, (0, 0), (out.shape[1] - 1, out.shape[0] - 1), (0.12, 0.0), line)
    return out


def _pelleted(stamp: _Layers, height_px: float) -> _Layers:
    """With pellets in a chamber that fall to the lowest place, as on erect films."""
    tall = max(6, int(height_px * 0.6))
    out = np.zeros((stamp.shape[0] + tall, max(stamp.shape[1], tall + 2), 2), np.float32)
    left = (out.shape[1] - stamp.shape[1]) // 2
    out[: stamp.shape[0], left : left + stamp.shape[1]] = stamp
    middle = (out.shape[1] // 2, stamp.shape[0] + tall // 2)
    cv2.circle(out, middle, tall // 2 - 1, (0.25, 0.0), 1)
    for dx, dy in ((-0.16, 0.2), (0.16, 0.2), (0.0, -0.06)):
        centre = (int(middle[0] + dx * tall), int(middle[1] + dy * tall))
        cv2.circle(out, centre, max(1, round(tall * 0.12)), _INTO_THE_FIRST, -1)
    return out


def _arrowed(stamp: _Layers, height_px: float) -> _Layers:
    long = int(height_px * 1.2)
    out = cv2.copyMakeBorder(stamp, 0, long, 0, 0, cv2.BORDER_CONSTANT, value=0.0)
    x, bottom = out.shape[1] // 2, out.shape[0] - 1
    cv2.arrowedLine(out, (x, bottom), (x, stamp.shape[0] + 2), _INTO_THE_FIRST, max(1, round(height_px * 0.08)))
    return out


_STYLES: Mapping[str, Callable[[_Layers, float], _Layers]] = {
    "bare": _bare, "boxed": _boxed, "circled": _circled, "plate": _plate, "plastic": _on_plastic,
    "pelleted": _pelleted, "arrowed": _arrowed,
}  # fmt: skip
_STYLE_SHARES = (0.46, 0.12, 0.12, 0.1, 0.1, 0.06, 0.04)


def _with_note(stamp: _Layers, text: str, height_px: float, font: int, *, below: bool) -> _Layers:
    note = _layers(_word(text, max(height_px * 0.4, 5), font, 0.12), own=False)
    width = max(stamp.shape[1], note.shape[1])
    rows = [cv2.copyMakeBorder(part, 0, 0, 0, width - part.shape[1], cv2.BORDER_CONSTANT, value=0.0)
            for part in ((stamp, note) if below else (note, stamp))]  # fmt: skip
    return np.vstack(rows)


def _turned(stamp: _Layers, angle_deg: float) -> tuple[Stamp, Stamp]:
    """Both layers turned, cropped to what is drawn."""
    side = int(np.hypot(*stamp.shape[:2])) + 4
    turn = cv2.getRotationMatrix2D((stamp.shape[1] / 2, stamp.shape[0] / 2), angle_deg, 1.0)
    turn[:, 2] += side / 2 - np.array([stamp.shape[1], stamp.shape[0]]) / 2
    turned = cv2.warpAffine(stamp, turn, (side, side))
    rows, columns = np.nonzero(turned[..., 0] > 0.3)
    kept = turned[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return kept[..., 0], kept[..., 1]
