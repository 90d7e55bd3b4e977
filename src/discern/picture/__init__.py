"""Safe decoding of image files and the preprocessing recipe for the model's input.

Formats are detected by content, never by file name. Decoding always gives upright sRGB, uint8 [H, W, 3]. Every problem
with a file is raised as a `PictureError`, and limits are enforced before anything is decoded.
"""

from discern.picture.decode import SCAN_MIN_SIDE, open_picture, read_header
from discern.picture.file_format import FORMATS, FileFormat, Limits
from discern.picture.input_geometry import cells_inside, input_box, restore_shape
from discern.picture.pixel_hash import THUMB, fit, pixel_hash, thumbnail
from discern.picture.read_file import read_bounded, read_file
from discern.picture.recipe import Recipe, apply_recipe, check_fit, check_size, choose_recipe, load_input

__all__ = [
    "FORMATS",
    "SCAN_MIN_SIDE",
    "THUMB",
    "FileFormat",
    "Limits",
    "Recipe",
    "apply_recipe",
    "cells_inside",
    "check_fit",
    "check_size",
    "choose_recipe",
    "fit",
    "input_box",
    "load_input",
    "open_picture",
    "pixel_hash",
    "read_bounded",
    "read_file",
    "read_header",
    "restore_shape",
    "thumbnail",
]
