from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from lsl_shared import DataFileError, LslError, Store, StoreError
from lsl_tools import import_stack
from lsl_tools.cli import app

COUNT, HEIGHT, WIDTH = 6, 24, 40
PIXELS = np.random.default_rng(0).integers(0, 256, (COUNT, HEIGHT, WIDTH, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 0, 1, 2, 0])


def hdf5(path: Path, images: NDArray[Any] = PIXELS, **columns: Any) -> Path:
    with h5py.File(path, "w") as file:
        file["data/images"] = images
        for name, values in columns.items():
            file[name] = values
    return path


def matlab(path: Path, images: NDArray[Any], **columns: Any) -> Path:
    """A file as MATLAB's save -v7.3 writes it; arrays in the order in which MATLAB shows their axes."""
    classes = {"uint8": "uint8", "float64": "double"}
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in {"images": images, **columns}.items():
            stored = file.create_dataset(name, data=values.T)
            stored.attrs["MATLAB_class"] = np.bytes_(classes[str(values.dtype)])
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Fri Nov 27 10:00:00 2026".ljust(128))
    return path


def stored(path: Path) -> tuple[NDArray[np.uint8], dict[str, list[int]], dict[str, tuple[str, ...]]]:
    with Store(path) as store:
        tasks = {name: space.classes for name, space in store.tasks.items()}
        return store.read(0, len(store)), {name: store.labels(name).tolist() for name in tasks}, tasks


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["import", *map(str, words)])
    return result.exit_code, result.output


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    source = hdf5(tmp_path / "own.h5", labels=LABELS)
    code, output = run(source, tmp_path / "s.h5", "--images", "data/images", "--labels-key", "labels")
    assert code == 0, output
    assert f"{COUNT} images of {HEIGHT} × {WIDTH} in colour: axes nhwc" in output
    pixels, labels, tasks = stored(tmp_path / "s.h5")
    np.testing.assert_array_equal(pixels, PIXELS)
    assert (labels, tasks) == ({"labels": LABELS.tolist()}, {"labels": ("0", "1", "2")})
    assert "no labels were taken" not in output
    code, output = run(source, tmp_path / "bare.h5", "--images", "data/images")
    assert code == 0 and "note: no labels were taken; --labels-key KEY takes those in own.h5" in output


ORDERS = {
    "N H W 3 of h5py": (hdf5, PIXELS, True),
    "N H W of h5py": (hdf5, PIXELS[..., 0], False),
    "N H W 1 of h5py": (hdf5, PIXELS[..., :1], False),
    "3 W H N of R": (hdf5, PIXELS.transpose(3, 2, 1, 0), True),
    "N H W 3 of MATLAB": (matlab, PIXELS, True),
    "H W 3 N of MATLAB": (matlab, PIXELS.transpose(1, 2, 3, 0), True),
    "H W N of MATLAB": (matlab, PIXELS[..., 0].transpose(1, 2, 0), False),
    "N H W of MATLAB": (matlab, PIXELS[..., 0], False),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_the_axes_of_other_programs(tmp_path: Path, kind: str) -> None:
    write, images, colour = ORDERS[kind]
    source = write(tmp_path / "own.mat", images, labels=LABELS.astype(np.float64)[:, None])
    report = import_stack(source, tmp_path / "s.h5", labels=["labels"], tasks=["family"])
    pixels, labels, _ = stored(report.store)
    np.testing.assert_array_equal(pixels, PIXELS if colour else np.repeat(PIXELS[..., :1], 3, 3))
    assert labels == {"family": LABELS.tolist()}


@pytest.mark.parametrize("order", ["nhwc", "nchw", "cwhn"])
def test_numpys_files(tmp_path: Path, order: str) -> None:
    images = PIXELS.transpose(["nhwc".index(axis) for axis in order])
    np.save(tmp_path / "own.npy", images)
    np.savez_compressed(tmp_path / "own.npz", x=np.asfortranarray(images), y=LABELS)
    import_stack(tmp_path / "own.npy", tmp_path / "s.h5")
    np.testing.assert_array_equal(stored(tmp_path / "s.h5")[0], PIXELS)
    import_stack(tmp_path / "own.npz", tmp_path / "s.h5", images="x", labels=["y"], overwrite=True)
    np.testing.assert_array_equal(stored(tmp_path / "s.h5")[0], PIXELS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.npy", "own.npz", "s.h5"]


def test_what_only_the_user_knows_is_asked_and_taken(tmp_path: Path) -> None:
    source = hdf5(tmp_path / "own.h5", PIXELS.transpose(0, 3, 2, 1))
    code, output = run(source, tmp_path / "s.h5", "--images", "data/images")
    assert code == 1
    assert "--axes nchw (channels first, as in PyTorch) or --axes ncwh" in output
    assert run(source, tmp_path / "s.h5", "--axes", "ncwh")[0] == 0
    np.testing.assert_array_equal(stored(tmp_path / "s.h5")[0], PIXELS)


def test_ids_genes_and_two_tasks(tmp_path: Path) -> None:
    source = hdf5(
        tmp_path / "own.h5",
        stage=np.array([4, 5, 7, 9, -1, 4]),
        stage_range=["4-6", "4-6", "7-8", "9-10", "7-8", ""],
        name=np.array(list("abcdef"), "S1"),
        symbol=["eve", "eve", "ftz", "", "NA", "hb"],
    )
    keys = {"labels": ["stage", "stage_range"], "ids": "name", "genes": "symbol", "tasks": ["stage:stage_range"]}
    report = import_stack(source, tmp_path / "s.h5", **keys)  # type: ignore[arg-type]
    assert report.tasks["stage"].parent == "stage_range"
    assert report.counts["stage_range"][1:4] == (3, 2, 1)
    with Store(report.store) as store:
        assert store.ids.tolist() == list("abcdef")
        assert store.genes.tolist() == ["eve", "eve", "ftz", "", "", "hb"]
        assert store.sources[2] == "own.h5:data/images[2]"


def test_sixteen_bits_are_scaled_by_one_rule_for_all(tmp_path: Path) -> None:
    images = PIXELS.astype(np.uint16) * 16
    images[0] //= 100  # a dark one stays dark
    report = import_stack(hdf5(tmp_path / "own.h5", images), tmp_path / "s.h5")
    pixels = stored(report.store)[0]
    assert pixels[0].max() <= 3
    assert np.abs(pixels[1:].astype(int) - PIXELS[1:]).max() <= 1
    assert any("at most 12 are used" in note for note in report.notes)


@pytest.mark.parametrize(
    ("columns", "keys", "told"),
    [
        ({}, {"images": "nothing"}, "no dataset 'nothing'; stacks of images in the file: data/images"),
        ({}, {"labels": ["nothing"]}, "nothing: expected a dataset, found nothing"),
        ({"labels": LABELS[:4]}, {"labels": ["labels"]}, "4 of them as there are labels"),
        ({"labels": LABELS, "ids": np.arange(4)}, {"labels": ["labels"], "ids": "ids"}, "6 of labels, 4 of id"),
        ({"ids": [1, 1, 2, 3, 4, 5]}, {"ids": "ids"}, "ids must be there and differ; '1' is given to 2 images"),
        ({}, {"tasks": ["family"]}, "add --labels-key KEY"),
        ({"labels": LABELS}, {"labels": ["labels", "labels"]}, "each once"),
        ({"labels": LABELS}, {"labels": ["labels"], "tasks": ["fine:coarse"]}, "called as the keys"),
    ],
)
def test_keys_that_do_not_fit(tmp_path: Path, columns: dict[str, Any], keys: dict[str, Any], told: str) -> None:
    with pytest.raises(LslError, match=told):
        import_stack(hdf5(tmp_path / "own.h5", **columns), tmp_path / "s.h5", **keys)
    assert not (tmp_path / "s.h5").exists()


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (PIXELS / 255, "expected whole numbers from 0 to 255, found float64"),
        (np.zeros((6, 24, 40, 4), np.uint8), "expected images of one or three colours"),
        (np.zeros((24, 40, 3), np.uint8), "expected images of one or three colours"),
    ],
)
def test_what_is_no_stack_of_images(tmp_path: Path, images: NDArray[Any], told: str) -> None:
    with pytest.raises(DataFileError, match=told):
        import_stack(hdf5(tmp_path / "own.h5", images), tmp_path / "s.h5", images="data/images")


def test_several_stacks_must_be_named(tmp_path: Path) -> None:
    code, output = run(hdf5(tmp_path / "own.h5", x_test=PIXELS), tmp_path / "s.h5")
    assert code == 1
    assert "name the images: --images x_test. Stacks of images in the file: x_test, data/images" in output


def test_matlab_before_version_7_3(tmp_path: Path) -> None:
    (tmp_path / "own.mat").write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128) + bytes(100))
    with pytest.raises(DataFileError, match=r"save\(FILE, '-v7.3'\)"):
        import_stack(tmp_path / "own.mat", tmp_path / "s.h5")


@pytest.mark.parametrize("name", ["own.npy", "own.npz", "own.h5", "own.mat"])
def test_damaged_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("z"):
        np.savez(path, x=PIXELS)
    elif name.endswith("y"):
        np.save(path, PIXELS)
    else:
        hdf5(path)
    for share in (0.0, 0.3, 0.9):
        (tmp_path / f"cut-{name}").write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        code, output = run(tmp_path / f"cut-{name}", tmp_path / "s.h5")
        assert code == 1
        assert f"cut-{name}" in output
        assert "unexpected" not in output


def test_links_and_virtual_datasets_are_refused(tmp_path: Path) -> None:
    other = hdf5(tmp_path / "other.h5")
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["link"] = h5py.ExternalLink(other.name, "data/images")
        layout = h5py.VirtualLayout(PIXELS.shape, np.uint8)
        layout[...] = h5py.VirtualSource(str(other), "data/images", PIXELS.shape)
        file.create_virtual_dataset("virtual", layout)
    for key, told in (("link", "is a link to another place"), ("virtual", "its data lies in other files")):
        with pytest.raises(DataFileError, match=told):
            import_stack(tmp_path / "own.h5", tmp_path / "s.h5", images=key)


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    source = hdf5(tmp_path / "own.h5")
    assert "--labels goes with a folder" in run(source, tmp_path / "s.h5", "--labels", "labels.csv")[1]
    assert "--images goes with an HDF5 or NumPy file as SOURCE" in run(tmp_path, tmp_path / "s.h5", "--images", "x")[1]


def test_a_store_that_exists_is_kept(tmp_path: Path) -> None:
    source = hdf5(tmp_path / "own.h5")
    import_stack(source, tmp_path / "s.h5")
    with pytest.raises(StoreError, match="exists already"):
        import_stack(source, tmp_path / "s.h5")
    with pytest.raises(LslError):
        import_stack(source, tmp_path / "s.h5", images="absent", overwrite=True)
    assert len(stored(tmp_path / "s.h5")[0]) == COUNT


@pytest.mark.parametrize("order", ["nhwc", "cwhn"])
def test_a_large_stack_is_never_in_memory(tmp_path: Path, order: str) -> None:
    sides = {"n": 600, "h": 128, "w": 320, "c": 3}  # 74 MB
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file.create_dataset("images", [sides[axis] for axis in order], np.uint8, fillvalue=7)
    tracemalloc.start()
    report = import_stack(tmp_path / "own.h5", tmp_path / "s.h5")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.images == sides["n"]
    assert peak < 40e6
