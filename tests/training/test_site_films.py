"""A site's own films as training data."""

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from builders.dicom import write_dicom  # noqa: E402 - after the skip

from training.site_films import FilmTableError, check_apart, load_table  # noqa: E402


def make_table(folder, rows, header="path,view,patient"):
    table = folder / "films.csv"
    table.write_text("\n".join([header, *rows]) + "\n")
    return table


def test_a_table_becomes_canvases_with_their_views(tmp_path):
    write_dicom(tmp_path / "a.dcm")
    write_dicom(tmp_path / "b.dcm")
    films = load_table(make_table(tmp_path, ["a.dcm,ap_pelvis,p1", f"{tmp_path / 'b.dcm'},other,p2"]))
    assert [film.truth.view for film in films] == ["ap_pelvis", "other"]
    assert films[0].truth.person != films[1].truth.person
    assert all(film.canvas.shape == (768, 768) for film in films)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.dcm,pelvis,p1", "line 2: view 'pelvis' is none of ap_pelvis"),
        ("gone.dcm,other,p1", "line 2: the file cannot be opened"),
        ("films.csv,other,p1", "line 2: no film in the file: not_dicom"),
    ],
    ids=["unknown view", "no file", "no film"],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, row, said):
    write_dicom(tmp_path / "a.dcm")
    with pytest.raises(FilmTableError, match=said):
        load_table(make_table(tmp_path, [row]))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(FilmTableError, match="no column patient"):
        load_table(make_table(tmp_path, [], header="path,view"))


def test_a_patient_in_both_tables_is_refused(tmp_path):
    write_dicom(tmp_path / "a.dcm")
    films = load_table(make_table(tmp_path, ["a.dcm,other,p1"]))
    with pytest.raises(FilmTableError, match="1 patients"):
        check_apart(films, films)
