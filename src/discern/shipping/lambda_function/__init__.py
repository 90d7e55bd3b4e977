"""Function that classifies images on AWS Lambda: the code that runs there, on numpy, Pillow and ONNX Runtime alone."""
