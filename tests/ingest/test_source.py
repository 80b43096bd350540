import os
from pathlib import Path
from threading import Event

import pytest

from ingest.errors import IngestError
from ingest.source import check_sources, count, walk


def names(root: Path, *more: Path, skip: tuple[Path, ...] = ()) -> list[str]:
    return [str(found.path.relative_to(root)) for found in walk([root, *more], skip=skip)]


def make_files(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())


def test_every_file_is_found_at_any_depth_in_sorted_order(tmp_path: Path) -> None:
    deep = "/".join("d" * 200)
    make_files(tmp_path, "b", "a/2.dcm", "a/1", "a/IM 0001", f"{deep}/x", ".hidden")
    assert names(tmp_path) == [".hidden", "a/1", "a/2.dcm", "a/IM 0001", "b", f"{deep}/x"]


def test_a_found_file_carries_size_and_time(tmp_path: Path) -> None:
    make_files(tmp_path, "abc")
    os.utime(tmp_path / "abc", ns=(1, 1_234_567_890))
    [found] = walk([tmp_path])
    assert (found.size_bytes, found.modified_ns) == (3, 1_234_567_890)


def test_a_link_that_loops_ends(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert names(tmp_path) == ["a/1"]


def test_overlapping_sources_are_walked_once(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1", "b/2")
    assert names(tmp_path, tmp_path / "a", tmp_path / "b" / ".." / "b") == ["a/1", "b/2"]


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1")
    assert [found.path for found in walk([tmp_path / "a" / "1"])] == [tmp_path / "a" / "1"]


def test_a_dangling_link_is_a_file_and_a_pipe_is_none(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == ["gone"]


def test_our_own_folder_is_not_searched(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1", "var/log")
    assert names(tmp_path, skip=(tmp_path / "var",)) == ["a/1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_closed_folder_is_told(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1", "closed/2")
    (tmp_path / "closed").chmod(0)
    told: list[Path] = []
    assert len(list(walk([tmp_path], on_closed=told.append))) == 1
    assert told == [tmp_path / "closed"]


def test_counting_stops_when_told(tmp_path: Path) -> None:
    make_files(tmp_path, "a", "b")
    stop = Event()
    assert count([tmp_path], stop=stop) == 2
    stop.set()
    assert count([tmp_path], stop=stop) == 0


def test_a_missing_and_an_empty_folder_are_refused_with_their_names(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"there is no .*missing"):
        check_sources([tmp_path / "missing"])
    with pytest.raises(IngestError, match="holds no files"):
        check_sources([tmp_path])
