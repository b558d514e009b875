"""Runs a graph on OpenCV 4, which brings no onnxruntime: by_opencv4.py GRAPH IMAGES.npy OUT.npz; prints the seconds."""

from __future__ import annotations

import sys
import time

import cv2
import numpy as np

network = cv2.dnn.readNetFromONNX(sys.argv[1])
images = np.load(sys.argv[2])
network.setInput(images, "image")
if sys.argv[1].endswith("saliency.onnx"):
    network.setInput(np.full(len(images), -1, np.int64), "class_index")
names = network.getUnconnectedOutLayersNames()
found = dict(zip(names, network.forward(names), strict=True))
began = time.perf_counter()
network.forward(names)
np.savez(sys.argv[3], **found)  # type: ignore[arg-type]
print(time.perf_counter() - began)
