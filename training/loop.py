"""What the three training scripts share: batches made in a second thread, a cosine schedule, checkpoints, a log."""

import argparse
import csv
import json
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Batch = tuple[Tensor, ...]
HERE = torch.device("cpu")


def prefetch(make: Callable[[], Batch], batches: int, device: torch.device = HERE, ahead: int = 3) -> Iterator[Batch]:
    """``batches`` results of ``make``, computed by a thread while the caller trains; its errors are raised here.

    Made on the processor, whatever ``device`` they come to.
    """
    results: queue.Queue[Batch | BaseException] = queue.Queue(ahead)

    def work() -> None:
        try:
            for _ in range(batches):
                results.put(make())
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it
            results.put(error)

    threading.Thread(target=work, daemon=True).start()
    for _ in range(batches):
        item = results.get()
        if isinstance(item, BaseException):
            raise item
        yield tuple(part.to(device) for part in item)


def device_of(net: nn.Module) -> torch.device:
    """Where a network's weights lie, and what it is given must."""
    return next(net.parameters()).device


def mixed_precision(device: torch.device) -> torch.autocast:
    """bf16 where it suffices: what the networks are learnt in."""
    return torch.autocast(device.type, torch.bfloat16)


def begun(folder: Path) -> bool:
    """Whether the run in ``folder`` goes on from a checkpoint, so that no other weights are wanted."""
    return (folder / "checkpoint.pt").exists()


class Run:
    """One training run in a folder: checkpoint.pt, log.csv, settings.json; started again, it goes on where it was."""

    def __init__(self, folder: Path, settings: Any, net: nn.Module) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.device = torch.device(settings.device)
        self.folder, self.net, self.settings = folder, net.to(self.device), settings
        self.optimizer = optimizer_for(self.net, settings.learning_rate, settings.weight_decay)
        self.average = torch.optim.swa_utils.AveragedModel(
            net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.ema), use_buffers=True
        )
        self.step, self.started = 0, time.monotonic()
        (folder / "settings.json").write_text(json.dumps(asdict(settings), indent=1, default=str))
        if begun(folder):
            state = torch.load(folder / "checkpoint.pt", map_location=HERE, weights_only=True)
            net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def update(self, loss: Tensor) -> None:
        """One optimiser step at the schedule's learning rate: linear warm-up, then a cosine to a hundredth."""
        done = self.step / self.settings.steps
        rate = min(1.0, (self.step + 1) / self.settings.warmup) * (
            0.01 + 0.99 * (1 + math.cos(math.pi * min(done, 1))) / 2
        )
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.average.update_parameters(self.net)
        self.step += 1

    def save(self, **figures: float) -> None:
        """Writes the checkpoint by rename and one line of the log."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        torch.save(state, self.folder / "checkpoint.tmp")
        (self.folder / "checkpoint.tmp").rename(self.folder / "checkpoint.pt")
        line = {"step": self.step, "seconds": round(time.monotonic() - self.started, 1), **figures}
        log = self.folder / "log.csv"
        new = not log.exists()
        with log.open("a", newline="") as file:
            writer = csv.DictWriter(file, line)
            if new:
                writer.writeheader()
            writer.writerow(line)
        print("  ".join(f"{k} {v:.4g}" for k, v in line.items()), flush=True)


def options(description: str, steps: int) -> argparse.ArgumentParser:
    """The command line that all three training scripts share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, nargs="+", required=True, help="folders of shards to learn from")
    parser.add_argument("--validation", type=Path, required=True, help="shards of other people, for the curve")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an earlier run in it goes on")
    parser.add_argument("--init", type=Path, help="begin with the weights of this model.onnx instead of chance")
    parser.add_argument("--rate", type=float, help="peak learning rate; a tenth of the default suits --init")
    parser.add_argument("--steps", type=int, default=steps, help=f"optimiser steps, {steps} unless given")
    parser.add_argument("--plain", type=float, default=0.0, help="share of examples as the film is, no other look")
    parser.add_argument("--device", type=_present, default="cpu", help="what learns, as PyTorch names it: cpu, cuda")
    return parser


def _present(device: str) -> str:
    """The name of a device that this machine has."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # what PyTorch raises of a build without CUDA is the second
        raise argparse.ArgumentTypeError(f"no {device} here: {str(error).splitlines()[0]}") from None
    return device


def given(settings: Any, args: argparse.Namespace) -> Any:
    """``settings`` with what ``options`` were given."""
    rate = args.rate or settings.learning_rate
    return replace(settings, steps=args.steps, learning_rate=rate, plain=args.plain, device=args.device)


def optimizer_for(net: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW that decays matrices and leaves biases and normalisation alone."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate)


def load_average(net: nn.Module, folder: Path) -> nn.Module:
    """``net`` with the averaged weights of a run's checkpoint, ready to evaluate."""
    state = torch.load(folder / "checkpoint.pt", map_location=HERE, weights_only=True)["average"]
    net.load_state_dict({k.removeprefix("module."): v for k, v in state.items() if k.startswith("module.")})
    return net.eval()
