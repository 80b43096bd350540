"""One scene, stored in every way that an archive may hold it."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import imagecodecs
import numpy as np
from builders.dicom import make_dicom
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels import compress

TOP = 4095  # of 12 bits
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": "LINEAR_EXACT"}
IMPLICIT, BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4."


def make_scene(height: int = 400, width: int = 300) -> NDArray[np.uint16]:
    """12 bits: a slope with two round bones and a step, so that a flip, a turn or a polarity shows."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    film = 600 + 1500 * x + 700 * y
    for centre, radius, value in (((0.3, 0.2), 0.15, 900), ((0.6, 0.45), 0.2, 1200)):
        distance = np.hypot(y - centre[0], x - centre[1])
        film += value * np.clip((radius - distance) / 0.05, 0, 1)
    film[:20, :20] = 0
    film[-20:, -20:] = TOP
    return np.rint(np.clip(film, 0, TOP)).astype(np.uint16)


def twelve_bits(film: NDArray[Any] | None = None, **tags: Any) -> Dataset:
    """The plainest way: uncompressed, unsigned, with a window over everything."""
    film = make_scene() if film is None else film
    return make_dicom(film, **{"BitsStored": 12, "HighBit": 11} | WINDOW | tags)


def reread(dataset: Dataset, syntax: str) -> Dataset:
    """Written and read again in an uncompressed transfer syntax."""
    file = io.BytesIO()
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == BIG_ENDIAN:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.save_as(file, enforce_file_format=True, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG_ENDIAN)
    file.seek(0)
    return dcmread(file)


def packed(syntax: str, frame: bytes, dataset: Dataset | None = None) -> Dataset:
    """With ``frame`` as its only, compressed one."""
    dataset = twelve_bits() if dataset is None else dataset
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    return dataset


def by_pydicom(syntax: str) -> Dataset:
    """Compressed by one of pydicom's own encoders."""
    dataset = twelve_bits()
    compress(dataset, syntax, generate_instance_uid=False)
    return dataset


def bits_in_runs() -> Dataset:
    """A film of single bits, run-length encoded; its rows are no whole bytes."""
    film = (make_scene(90, 75) > 2000).astype(np.uint8)
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + imagecodecs.packbits_encode(
        np.packbits(film.ravel(), bitorder="little").tobytes()
    )
    dataset = make_dicom(film, BitsAllocated=1, BitsStored=1, HighBit=0)
    return packed("1.2.840.10008.1.2.5", frame, dataset)


def deflated_frame(film: NDArray[np.uint16]) -> bytes:
    """A raw deflate stream of the uncompressed frame."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(film.tobytes()) + packer.flush()


def eight_bits(**tags: Any) -> Dataset:
    """The scene in 8 bits, as lossy secondary captures are."""
    window = {"WindowCenter": 128, "WindowWidth": 256, "VOILUTFunction": "LINEAR_EXACT"}
    return make_dicom((make_scene() >> 4).astype(np.uint8), **window | tags)


def eight_bit_jpeg(*, progressive: bool = False) -> bytes:
    """At a quality that hides the loss."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 98, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return bytes(cv2.imencode(".jpg", (make_scene() >> 4).astype(np.uint8), options)[1])


LOSSLESS: dict[str, Callable[[], Dataset]] = {
    "implicit little endian": lambda: reread(twelve_bits(), IMPLICIT),
    "big endian": lambda: reread(twelve_bits(), BIG_ENDIAN),
    "deflated file": lambda: reread(twelve_bits(), DEFLATED),
    "deflated frame": lambda: packed("1.2.840.10008.1.2.8.1", deflated_frame(make_scene())),
    "rle": lambda: by_pydicom("1.2.840.10008.1.2.5"),
    "jpeg lossless": lambda: packed(JPEG + "57", imagecodecs.ljpeg_encode(make_scene(), bitspersample=12)),
    "jpeg lossless sv1": lambda: packed(JPEG + "70", imagecodecs.ljpeg_encode(make_scene(), bitspersample=12)),
    "jpeg-ls": lambda: by_pydicom(JPEG + "80"),
    "jpeg 2000": lambda: by_pydicom(JPEG + "90"),
    "htj2k": lambda: packed(JPEG + "201", imagecodecs.htj2k_encode(make_scene(), reversible=True)),
    "jpeg xl": lambda: packed(JPEG + "110", imagecodecs.jpegxl_encode(make_scene(), lossless=True)),
}
LOSSY: dict[str, Callable[[], Dataset]] = {
    "jpeg extended, 12 bits": lambda: packed(
        JPEG + "51", imagecodecs.jpeg8_encode(make_scene(), level=98, bitspersample=12)
    ),
    "jpeg baseline": lambda: packed(JPEG + "50", eight_bit_jpeg(), eight_bits()),
    "jpeg progressive": lambda: packed(JPEG + "55", eight_bit_jpeg(progressive=True), eight_bits()),
    "jpeg-ls near lossless": lambda: packed(JPEG + "81", imagecodecs.jpegls_encode(make_scene(), level=3)),
    "jpeg 2000 lossy": lambda: packed(
        JPEG + "91", imagecodecs.jpeg2k_encode(make_scene(), level=75, codecformat="j2k")
    ),
    "jpeg xl lossy": lambda: packed(JPEG + "112", imagecodecs.jpegxl_encode(make_scene(), distance=0.5)),
}


def lut(entries: NDArray[Any], first: int = 0, bits: int = 16) -> Dataset:
    """An item of a modality or VOI LUT sequence."""
    table = Dataset()
    table.LUTDescriptor = [len(entries) % 65536, first, bits]
    table.LUTData = entries.astype("<u2").tobytes()
    return table


def palette_film() -> Dataset:
    """The scene's upper 8 bits as places in a grey palette."""
    grey = (np.arange(256) * 257).astype("<u2").tobytes()
    colours = {
        f"{name}PaletteColorLookupTable{part}": value
        for name in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [256, 0, 16]), ("Data", grey))
    }
    return eight_bits(PhotometricInterpretation="PALETTE COLOR", WindowCenter=32768, WindowWidth=65536, **colours)


def flat_pixels() -> Dataset:
    """Every second row of the scene: pixels twice as high as wide."""
    film = make_scene().reshape(200, 2, 300).mean(1)
    return twelve_bits(np.rint(film).astype(np.uint16), PixelAspectRatio=[2, 1])


def padded() -> Dataset:
    """The scene with a padded corner that the plain one has black."""
    film = make_scene().astype(np.int16)
    film[:20, :20] = -2000
    return twelve_bits(film, BitsStored=16, HighBit=15, PixelPaddingValue=-2000)


def float_pixels() -> Dataset:
    """As Float Pixel Data (7FE0,0008)."""
    dataset = twelve_bits(BitsAllocated=32, BitsStored=None, HighBit=None, PixelRepresentation=None, PixelData=None)
    dataset.FloatPixelData = make_scene().astype("<f4").tobytes()
    return dataset


_RGB = np.repeat((make_scene() >> 4).astype(np.uint8)[..., None], 3, 2)
_GREY_YBR = np.stack([(make_scene() >> 4).astype(np.uint8), *2 * [np.full((400, 300), 128, np.uint8)]], 2)
_WINDOW_8 = {"WindowCenter": 128, "WindowWidth": 256, "VOILUTFunction": "LINEAR_EXACT"}
_EXACT: dict[str, Callable[[], Dataset]] = {
    "signed": lambda: twelve_bits(
        (make_scene().astype(np.int32) - 2048).astype(np.int16), PixelRepresentation=1, RescaleIntercept=2048
    ),
    "signed, overlay in the high bits": lambda: twelve_bits(
        (((make_scene().astype(np.int32) - 2048) & 0x0FFF) | 0x5000).astype(np.int16), RescaleIntercept=2048
    ),
    "overlay in the high bits": lambda: twelve_bits(make_scene() | 0x8000),
    "values at the top of their words": lambda: twelve_bits(make_scene() << 4 | 0x5, HighBit=15),
    "signed values at the top of their words": lambda: twelve_bits(
        ((make_scene().astype(np.int32) - 2048) << 4 | 0x5).astype(np.int16), HighBit=15, RescaleIntercept=2048
    ),
    "negative slope": lambda: twelve_bits(TOP - make_scene(), RescaleSlope=-1, RescaleIntercept=TOP),
    "monochrome1": lambda: twelve_bits(4096 - make_scene(), BitsStored=13, PhotometricInterpretation="MONOCHROME1"),
    "presentation lut inverse": lambda: twelve_bits(4096 - make_scene(), BitsStored=13, PresentationLUTShape="INVERSE"),
    "monochrome1 and inverse": lambda: twelve_bits(
        4096 - make_scene(), BitsStored=13, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE"
    ),
    "modality lut": lambda: twelve_bits(TOP - make_scene(), ModalityLUTSequence=[lut(np.arange(4096)[::-1])]),
    "voi lut": lambda: twelve_bits(VOILUTSequence=[lut(np.arange(4096) * 16)]),
    "voi lut of a signed range": lambda: twelve_bits(
        RescaleIntercept=-2048, VOILUTSequence=[lut(np.arange(4096) * 16, first=65536 - 2048)]
    ),
    "an absurd window first": lambda: twelve_bits(WindowCenter=[-90000, 2048], WindowWidth=[10, 4096]),
    "a window of no width first": lambda: twelve_bits(WindowCenter=[2048, 2048], WindowWidth=[0, 4096]),
    "rows unequal to columns": flat_pixels,
    "float": float_pixels,
    "padding": padded,
}
_EIGHT_BITS: dict[str, Callable[[], Dataset]] = {
    "8 bits": eight_bits,
    "palette": palette_film,
    "rgb": lambda: make_dicom(_RGB, **_WINDOW_8),
    "rgb by plane": lambda: make_dicom(
        _RGB, **_WINDOW_8, PlanarConfiguration=1, PixelData=_RGB.transpose(2, 0, 1).tobytes()
    ),
    "ybr": lambda: make_dicom(_GREY_YBR, **_WINDOW_8, PhotometricInterpretation="YBR_FULL"),
}
REPRESENTATIONS = _EXACT | _EIGHT_BITS
