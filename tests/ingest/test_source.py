import os
from pathlib import Path
from threading import Event

import pytest

from ingest.errors import IngestError
from ingest.records import Reason
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


def test_a_folder_that_many_links_lead_to_is_walked_once_where_it_lies(tmp_path: Path) -> None:
    make_files(tmp_path, "z/1")
    for name in ("a", "b"):
        (tmp_path / name).symlink_to(tmp_path / "z")
    assert names(tmp_path) == ["z/1"]


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


def test_a_link_out_of_the_sources_is_told_and_not_followed(tmp_path: Path) -> None:
    make_files(tmp_path, "in/1", "out/2", "out/folder/3")
    (tmp_path / "in" / "file").symlink_to(tmp_path / "out" / "2")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out" / "folder")
    refused = {found.path.name: found.refused for found in walk([tmp_path / "in"])}
    assert refused == {"1": None, "file": Reason.OUTSIDE_LINK, "folder": Reason.OUTSIDE_LINK}


def test_a_link_between_sources_is_followed(tmp_path: Path) -> None:
    make_files(tmp_path, "in/1", "out/2")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    assert sorted(found.path.name for found in walk([tmp_path / "in", tmp_path / "out"])) == ["1", "2"]


def test_a_source_may_itself_be_a_link(tmp_path: Path) -> None:
    make_files(tmp_path, "real/1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [found.path for found in walk([tmp_path / "link"])] == [tmp_path / "link" / "1"]


def test_several_sources_take_turns(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1", "a/2", "a/3", "b/4", "b/5")
    turns = [found.path.name for found in walk([tmp_path / "a", tmp_path / "b"])]
    assert turns == ["1", "4", "2", "5", "3"]
