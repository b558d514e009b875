import base64
import re

import cv2
import numpy as np

from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.figures import learning_curves, reliability_diagram, thumbnail
from lsl_trainer.reporting.reliability import Calibration, Measured, Reliability


def text_of(svg):
    return " ".join(re.findall(r"<!-- (.*?) -->", svg))


def test_curves_have_a_panel_for_every_step_known_or_not():
    epochs = [Epoch(step, number, 1.0 / number, 0.5, 0.1) for step in ("coarse", "another") for number in (1, 2)]
    shown = text_of(learning_curves(epochs))
    assert "step 1: coarse labels" in shown
    assert "another" in shown
    assert "1.5" not in shown.split("loss")[0].split("epoch")[0], "epochs are whole numbers"


def test_the_diagram_shows_both_temperatures_only_where_one_was_fitted():
    found = Reliability(*[Measured(0.1, 0.0, 0.2)] * 3, bins=((0.3, 0.2, 10), (0.9, 0.8, 10)))
    assert "at temperature 1.70" in text_of(reliability_diagram(Calibration(1.7, 20, 5, found, found)))
    assert "at temperature" not in text_of(reliability_diagram(Calibration(1.0, 20, 5, found, found)))


def test_a_thumbnail_is_small_and_keeps_its_colours():
    image = np.full((100, 300, 3), (200, 120, 40), np.uint8)
    address = thumbnail(image)
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(address.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (50, 150, 3)
    np.testing.assert_allclose(pixels[25, 75, ::-1], (200, 120, 40), atol=6)
