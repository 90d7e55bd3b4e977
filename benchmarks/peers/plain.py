"""FastAPI and torch, set up as in their tutorials."""

import sys

import torch
import torch_model
import uvicorn
from fastapi import FastAPI, UploadFile

app = FastAPI()
net, transform = torch_model.load(), torch_model.transform()


@app.post("/predict")
def predict(file: UploadFile) -> dict:
    picture = transform(torch_model.open_picture(file.file.read()))
    return {"probabilities": torch_model.predict(net, picture.unsqueeze(0))[0]}


if __name__ == "__main__":
    torch.set_num_threads(len(__import__("os").sched_getaffinity(0)))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
