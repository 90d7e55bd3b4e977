"""Commands that install the optional dependencies.

The project's own name is on no package registry, so that messages name the libraries.
"""

INSTALL_TORCH = "pip install onnxscript optuna timm torch torchvision"
"""Installs what networks are trained with."""

INSTALL_VIDEO = "pip install av"
"""Installs what films are read with."""

INSTALL_POSTGRES = 'pip install "psycopg[binary]"'
"""Installs what stores in PostgreSQL are reached with."""
