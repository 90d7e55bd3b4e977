"""Training loop of networks: pictures, steps, checkpoints, devices and processes.

`torch_loop` is the loop itself. It knows networks by their interface, and neither methods nor splits. Most modules
import torch, and so nothing is imported here.
"""
