"""A program of your own that stages the embryos of a NumPy array, here those of one HDF5 store.

    python examples/embed.py runs/demo/model store.h5

It needs the base install only: no torch.
"""

from __future__ import annotations

import sys

from lsl_runtime import Model
from lsl_shared import LslError, Store


def main(bundle: str, images: str) -> int:
    try:
        model = Model.load(bundle, device="auto", verify=True)
        with Store(images) as store:
            pixels = store.read(0, min(8, len(store)))  # any uint8 array (N, H, W, 3) of the model's image size will do
    except LslError as error:
        print(error, file=sys.stderr)
        return 1
    predictions, maps = model.predict(pixels), model.saliency(pixels)
    for name, probability, chosen, saliency in zip(
        predictions.names, predictions.probability, predictions.prediction_set, maps, strict=True
    ):
        row, column = divmod(int(saliency.argmax()), saliency.shape[1])
        others = [predictions.classes[k] for k in chosen.nonzero()[0] if predictions.classes[k] != name]
        print(f"{name:>4}  {probability:6.1%}  or {', '.join(others) or 'nothing else'};  looks at ({row}, {column})")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
