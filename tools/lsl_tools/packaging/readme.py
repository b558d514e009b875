"""The documentation inside a bioimage.io package: what the model takes and gives, how it was made, how it tested."""

from __future__ import annotations

from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.wording import first_few
from lsl_tools.packaging.weights_licence import weights_told

__all__ = ["package_readme"]

_LISTED = 60
_SETTINGS = ("preset", "method", "fine", "coarse", "split", "seed", "fine_images", "coarse_images",
             "backbone", "feature_kind")  # fmt: skip
_SCORES = {
    "accuracy": "accuracy", "within_one": "within one class", "macro_f1": "macro F1",
    "parent_accuracy": "accuracy of the coarse class", "nll": "negative log-likelihood",
    "ece": "expected calibration error", "coverage": "coverage of the prediction sets",
    "mean_set_size": "classes in a prediction set", "majority": "share of the most frequent class",
}  # fmt: skip


def package_readme(manifest: Manifest) -> str:
    """README.md, as Markdown with the section Validation that the model zoo asks for."""
    height, width = manifest.image_size
    sections = [
        f"# A classifier of {_in_words(manifest.tasks[0])}",
        "Made with lsl-toolkit, after the two-step deep low-shot method: first many coarsely labelled images, then few "
        "finely labelled ones.",
        "## Input and output",
        f"`image`: uint8 (batch, {height}, {width}, 3), RGB as photographed. `probabilities` are calibrated, "
        "`features` is the vector before the last layer. saliency.onnx takes an int64 `class_index` (batch,) as well "
        "(-1: the predicted class) and gives `saliency` (batch, height, width): the largest channel's |d logit / d "
        "pixel|. contributions.onnx, where it is there, takes float32 `image` and `direction`, `class_index` and "
        "`against_index` (-1: none), and gives `contributions`: the sum over channels of gradient times direction.",
        "\n".join(map(_classes, manifest.tasks)),
        "## Training",
        _training(manifest),
        *(["## Weights of others", told] if (told := weights_told(manifest)) else []),
        "## Validation",
        _validation(manifest),
        "## Limits",
        "Images must be standardized as the training images were: one object, same pose, same size. Probabilities hold "
        "for images like those. A saliency map shows what the network reacts to, which need not be what defines the "
        "class.",
        "## With lsl-toolkit",
        "Unzipped, this package is a model bundle: `lsl-annotate store.h5 --model FOLDER`.",
    ]
    return "\n\n".join(sections) + "\n"


def _classes(task: Task) -> str:
    return f"- {_in_words(task)}: {first_few(task.classes, _LISTED)}"


def _training(manifest: Manifest) -> str:
    settings = {key: manifest.training[key] for key in _SETTINGS if manifest.training.get(key) not in (None, "")}
    lines = [f"- {key.replace('_', ' ')}: {value}" for key, value in settings.items()]
    return "\n".join([*lines, f"- lsl-toolkit {manifest.package_version or 'of unknown version'}"])


def _validation(manifest: Manifest) -> str:
    scores = manifest.test_metrics
    if not scores:
        return "There were no test images. Measure on labelled images of your own: `lsl-evaluate STORE --all`."
    head = f"On {scores.get('n_images', 0):,} images of {scores.get('n_genes', 0):,} groups that were never trained on:"
    known = {told: scores[key] for key, told in _SCORES.items() if isinstance(scores.get(key), float)}
    rows = [f"| {told} | {value:.3f} |" for told, value in known.items()]
    table = "\n".join(["| score | value |", "|---|---|", *rows])
    return f"{head}\n\n{table}\n\nTo validate on your own images: `lsl-evaluate STORE --all`."


def _in_words(task: Task) -> str:
    return task.name.replace("_", " ")
