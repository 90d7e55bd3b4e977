"""LitServe with dynamic batching, running torch or, given a bundle's graph, ONNX Runtime."""

import os
import sys

import litserve
import numpy as np
import onnxruntime
import torch
import torch_model
from fastapi import Request


class Torch(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.net, self.transform = torch_model.load(), torch_model.transform()

    def decode_request(self, request: Request) -> torch.Tensor:
        return self.transform(torch_model.open_picture(request["file"].file.read()))

    def batch(self, inputs: list) -> torch.Tensor:
        return torch.stack(inputs)

    def predict(self, inputs: torch.Tensor) -> list:
        return torch_model.predict(self.net, inputs)

    def unbatch(self, output: list) -> list:
        return output

    def encode_response(self, output: list) -> dict:
        return {"probabilities": output}


class Onnx(Torch):
    def setup(self, device: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        self.session = onnxruntime.InferenceSession(os.environ["PEER_GRAPH"], options)
        self.size, self.resize = int(os.environ["PEER_SIZE"]), int(os.environ["PEER_RESIZE"])

    def decode_request(self, request: Request) -> np.ndarray:
        picture = torch_model.open_picture(request["file"].file.read())
        side = min(picture.size) * self.size / self.resize
        left, top = (picture.width - side) / 2, (picture.height - side) / 2
        box = (left, top, left + side, top + side)
        return np.asarray(picture.resize((self.size, self.size), 3, box=box))

    def batch(self, inputs: list) -> np.ndarray:
        return np.stack(inputs)

    def predict(self, inputs: np.ndarray) -> list:
        return self.session.run(["probabilities"], {"pixels": inputs})[0].tolist()


if __name__ == "__main__":
    api = (Onnx if os.environ.get("PEER_GRAPH") else Torch)(max_batch_size=8, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
