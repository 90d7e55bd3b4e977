"""Thirty lines from pictures to a classifier: features of timm, and scikit-learn's logistic regression on them.

Usage: python timm_lines.py WEIGHTS SIZE TRAIN TEST --strangers FOLDER --predictions FILE
"""

import json
import sys
import time
from pathlib import Path

import timm
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from timm.data import create_transform

weights, size, train, test, _, strangers, _, predictions = sys.argv[1:]
net = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
values = [value for name, value in torch.load(weights, weights_only=True).items() if not name.startswith("_fc")]
net.load_state_dict(dict(zip(net.state_dict(), values, strict=True)))
transform = create_transform((3, int(size), int(size)), mean=[0.5] * 3, std=[0.5] * 3)


def features(paths):
    pictures = [transform(Image.open(path).convert("RGB")) for path in paths]
    with torch.inference_mode():
        return torch.cat([net(torch.stack(pictures[start : start + 32])) for start in range(0, len(pictures), 32)])


def files(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


model = LogisticRegression(max_iter=1000).fit(features(files(train)), [path.parent.name for path in files(train)])
# What follows applies it, to be judged by others.
fitted, cpu = time.perf_counter(), time.process_time()


def answers(folder, relative):
    rows = model.predict_proba(features(files(folder))).tolist()
    return dict(zip([str(path.relative_to(relative)) for path in files(folder)], rows, strict=True))


found = {"labels": list(model.classes_), "test": answers(test, test), "strangers": answers(strangers, strangers)}
Path(predictions).write_text(json.dumps(found))
print(json.dumps({"evaluate_s": time.perf_counter() - fitted, "evaluate_cpu_s": time.process_time() - cpu}))
