"""The script that a user would write instead of installing this: an honest best effort in a page.

It reads each file with pydicom, shows it as the standard says, asks the same three models with ONNX Runtime one after
the other, and appends a row to a CSV. ``--processes N`` shares the files among N such loops. It has no ledger, no
resume, no duplicates, no review flags and no identity; it is here for its speed.

    python benchmarks/throughput/user_script.py ARCHIVE --models model_repository --out rows.csv [--processes 2]
"""

import argparse
import csv
import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pydicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut

SIZE = 768
VIEWS = ("ap_pelvis", "ap_hip", "cross_table_lateral", "frog_leg_lateral", "oblique_hip", "other")
MODALITIES = {"CR", "DX", "RG", "RF"}
HEAD = ["path", "status", "view", "score", "inclination_right", "inclination_left", "version_right", "version_left"]
sessions: list[ort.InferenceSession] = []


def load(models: Path, threads: int) -> None:
    """The three models, with so many threads each; 0 is all cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    for name in ("classifier", "detector", "cup_angle"):
        path = str(models / name / "1" / "model.onnx")
        sessions.append(ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]))


def canvas_of(path: Path) -> np.ndarray:
    """The film as the models want it: 768 x 768, bone bright."""
    dataset = pydicom.dcmread(path)
    if dataset.get("Modality") not in MODALITIES or "PixelData" not in dataset:
        raise ValueError("no radiograph")
    shown = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float32)
    low, high = shown.min(), shown.max()
    shown = (shown - low) / max(high - low, 1e-6)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
    scale = SIZE / max(shown.shape)
    small = cv2.resize(shown, (round(shown.shape[1] * scale), round(shown.shape[0] * scale)), cv2.INTER_AREA)
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    top, left = (SIZE - small.shape[0]) // 2, (SIZE - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small * 255
    return canvas


def row_of(path: Path) -> list[object]:
    """One line of the CSV."""
    try:
        known = {"image": canvas_of(path)[None]}
    except Exception as error:  # noqa: BLE001 - as such scripts do
        return [path, type(error).__name__]
    for session in sessions:
        wanted = {tensor.name: known[tensor.name] for tensor in session.get_inputs()}
        known |= dict(zip([tensor.name for tensor in session.get_outputs()], session.run(None, wanted), strict=True))
    view = int(known["view_scores"][0].argmax())
    angles = known["cup_angles"][0]
    return [path, "ok", VIEWS[view], known["view_scores"][0, view], *angles[:, 0], *angles[:, 1]]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    paths = sorted(path for path in args.archive.rglob("*") if path.is_file())
    with args.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        if args.processes == 1:
            load(args.models, 0)
            writer.writerows(map(row_of, paths))
            return
        cv2.setNumThreads(1)
        with multiprocessing.Pool(args.processes, load, (args.models, 1)) as pool:
            writer.writerows(pool.imap(row_of, paths, chunksize=4))


if __name__ == "__main__":
    main()
