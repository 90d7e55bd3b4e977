"""Decode each picture as Discern does and run the backbone's graph on it, one picture per core; nothing else.

Usage: python bare_loops.py GRAPH RECIPE FOLDER
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime

from discern.picture import Recipe, load_input


def main(graph: str, recipe_file: str, folder: str) -> None:
    start = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    recipe = Recipe.from_json(json.loads(Path(recipe_file).read_text()))

    def embed(path: Path) -> int:
        return session.run(["embedding"], {"pixels": load_input(path.read_bytes(), recipe)[None]})[0].shape[1]

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        widths = list(threads.map(embed, [path for path in Path(folder).rglob("*") if path.is_file()]))
    print(json.dumps({"pictures": len(widths), "loop_s": time.perf_counter() - start}))


if __name__ == "__main__":
    main(*sys.argv[1:])
