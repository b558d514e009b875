"""A napari widget that names the classes of the images of a layer and shows what the model looks at.

    pip install 'napari[pyqt6]'
    python examples/napari_widget.py runs/demo/model store.h5

Choose a layer of images (N, H, W, 3) or one image (H, W, 3), uint8, and press the button: a layer of saliency maps
appears above it, and the class of each image as a text that follows the slider.
"""

import sys
from typing import Any

import numpy as np

from lsl_runtime import Model
from lsl_shared import Store

LayerData = tuple[Any, dict[str, Any], str]


def annotated_layers(model: Model, data: Any, name: str) -> list[LayerData]:
    """The layers to add above images uint8 (N, H, W, 3) or (H, W, 3): saliency maps, and the classes as texts."""
    images = np.asarray(data)
    one = images.ndim == 3
    images = images[None] if one else images
    found = model.predict(images)
    maps = model.saliency(images)  # (N, H, W)
    corner = np.zeros((len(images), 3))
    corner[:, 0] = np.arange(len(images))
    texts = [f"{label}  {probability:.0%}" for label, probability in zip(found.names, found.probability, strict=True)]
    saliency = {"name": f"{name}: saliency", "colormap": "inferno", "blending": "additive", "opacity": 0.7}
    text = {"string": "{text}", "anchor": "upper_left", "color": "red", "size": 14}
    classes = {"name": f"{name}: {model.task.name}", "features": {"text": texts}, "text": text, "size": 0}
    if one:
        maps, corner = maps[0], corner[:, 1:]
    return [(maps, saliency, "image"), (corner, classes, "points")]


def annotating_widget(model: Model) -> Any:
    """The widget: a choice of layers and a button."""
    from magicgui import magicgui
    from napari.layers import Image
    from napari.types import LayerDataTuple

    def annotate_layer(layer: Image) -> list[LayerDataTuple]:
        return annotated_layers(model, layer.data, layer.name)

    return magicgui(annotate_layer, call_button=f"Name the {model.task.name}")


def main(bundle: str, path: str) -> None:
    import napari

    with Store(path) as store:
        pixels = store.read(0, min(32, len(store)))
    viewer = napari.Viewer(title="lsl-toolkit")
    viewer.add_image(pixels, rgb=True, name="embryos")
    viewer.window.add_dock_widget(annotating_widget(Model.load(bundle)), name="Annotate")
    napari.run()


if __name__ == "__main__":
    main(*sys.argv[1:3])
