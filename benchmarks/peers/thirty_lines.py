"""Thirty lines from pictures to accuracy: features of an ONNX graph, and scikit-learn's logistic regression on them.

Usage: python thirty_lines.py GRAPH WIDTH TRAIN TEST, with the first `WIDTH` features and the folders of both parts
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps
from sklearn.linear_model import LogisticRegression

graph, width, train, test = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(graph, options)
size = session.get_inputs()[0].shape[1]
larger, margin = round(size * 8 / 7), (round(size * 8 / 7) - size) // 2


def features(path):
    image = Image.open(path)
    image.draft("RGB", (larger, larger))
    image = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (larger, larger))
    image = image.crop((margin, margin, margin + size, margin + size))
    return session.run(["embedding"], {"pixels": np.asarray(image)[None]})[0][0, : int(width)]


def read(folder):
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    with ThreadPoolExecutor() as threads:
        return np.stack(list(threads.map(features, paths))), [path.parent.name for path in paths]


model = LogisticRegression(max_iter=1000).fit(*read(train))
fitted, cpu = time.perf_counter(), time.process_time()
accuracy = model.score(*read(test))
seconds = {"evaluate_s": time.perf_counter() - fitted, "evaluate_cpu_s": time.process_time() - cpu}
print(json.dumps({"accuracy": accuracy} | seconds))
