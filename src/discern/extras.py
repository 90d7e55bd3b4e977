"""Command that installs the optional dependencies of training networks.

The project's own name is on no package registry, so that messages name the libraries.
"""

INSTALL_TORCH = "pip install onnxscript optuna timm torch torchvision"
