"""Networks of PyTorch that the methods train, from small ones to those of timm and torchvision.

`torch_network` defines their interface. The modules import torch, and so nothing is imported here.
"""
