import pytest

from discern.catalog.formats.listing.row_table import DelimitedTable
from discern.catalog.formats.listing.table_columns import column_key, find_columns, name_columns
from discern.errors import CatalogError

HINT = "Rename the column of labels to label"


def columns(text: str, **options):
    table = DelimitedTable("t.csv", text.encode())
    found = find_columns("t.csv", table, **options)

    def name(at):
        return None if at is None else table.header[at]

    return name(found.path), name(found.label), [name(at) for at in found.classes]


@pytest.mark.parametrize(
    "column",
    [
        *(
            "breed",
            "target",
            "species",
            "category",
            "class_name",
            "y",
            "Class Name",
            "className",
            "LABELS",
            "label-name",
        ),
        *("\ufeffLabel", "\u00a0label\u3000", "class_id", "labelId", "variety", "dx"),
    ],
)
def test_label_columns_have_usual_names(column):
    path, label, classes = columns(f"{column},image\ncat,1.png\n")
    assert (path, label is None, classes) == ("image", False, [])


@pytest.mark.parametrize(
    "column",
    [
        "path",
        "Image Path",
        "filepaths",
        "imagePath",
        "image_id",
        "ID",
        "img",
        "File-Name",
        "image",
        "left_file_name",
        "uri",
    ],
)
def test_path_columns_have_usual_names(column):
    assert columns(f"{column},label\n1.png,cat\n")[:2] == (column, "label")


@pytest.mark.parametrize(
    ("header", "label"),
    [("image,breed,label", "label"), ("image,class_id,species", "species"), ("image,x,label", "label")],
)
def test_an_explicit_label_and_names_take_precedence(header, label):
    assert columns(f"{header}\n1.png,a,b\n2.png,a,c\n")[1] == label


def test_columns_that_divide_pictures_alike_are_one():
    assert columns("image,class,breed\n1,a,x\n2,b,y\n3,a,x \n")[1] == "class"


def test_several_label_columns_are_an_error():
    with pytest.raises(CatalogError, match="several columns that could hold the labels: breed, species") as caught:
        columns("image,species,breed\n1,a,x\n2,b,x\n")
    assert caught.value.hint == "Rename the one to train on to label."


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("image,colour\n1,red\n", "could it be colour?"),
        ("image,x,y\n1,4,5\n", "could it be x, y?"),
        ("image,cat\n1,0\n", "could it be cat?"),
        ("image,cat,dog,colour\n1,0,1,red\n", "could it be colour, cat, dog?"),
        ("image,width,taste\n1,9,sour\n", "could it be taste?"),
    ],
)
def test_unknown_columns_are_never_taken_for_labels(text, named):
    with pytest.raises(CatalogError, match="no column that is known to hold labels; its columns are image") as caught:
        columns(text)
    assert HINT in caught.value.hint
    assert named in caught.value.hint
    assert columns(text, labels=False) == ("image", None, [])


@pytest.mark.parametrize("header", ["image", "image,width,caption", "filename,file_path,date", ",image"])
def test_a_table_of_known_columns_may_have_no_labels(header):
    for cell in ("", "1", "text"):
        assert columns(f"{header}\n" + ",".join([cell] * (header.count(",") + 1)))[1:] == (None, [])


@pytest.mark.parametrize(
    "cells", ["0,1", " 0 , 1 ", "0.0,1.0", "FALSE,TRUE", "false,True", ",1", "0,0", "1,1", "0.,1.000"]
)
def test_columns_of_zeros_and_ones_are_classes(cells):
    assert columns(f"filename, cat, dog\n1.png,{cells}\n") == ("filename", None, ["cat", "dog"])


def test_class_columns_may_stand_beside_other_known_columns():
    assert columns("split,filename,width,cat,dog\ntrain,1.png,40,0,1\n")[2] == ["cat", "dog"]


def test_paths_are_recognised_by_their_suffix():
    assert columns("name,label\n1.png,a\nx/2.JPG,b\n")[0] == "name"
    for text in ("name,label\n1.png,a\n2,b\n", "left,right,label\n1.png,2.png,a\n"):
        with pytest.raises(CatalogError, match="no column of paths; its columns are"):
            columns(text)


def test_a_table_without_column_names_is_an_error():
    with pytest.raises(CatalogError, match=r"no column names: its first line is a/1\.png, cat") as caught:
        columns("a/1.png,cat\na/2.png,dog\n")
    assert "path,label" in caught.value.hint


def test_names_of_columns_in_messages_and_keys():
    assert name_columns([f"c{number}" for number in range(14)]).endswith("c11 and 2 more")
    assert name_columns(["a", " "]) == 'a, ""'
    assert [column_key(name) for name in ("Unnamed: 0", "", "\u732b", "!", "Stra\u00dfe 1")] == [
        "",
        "",
        "\u732b",
        "!",
        "strasse1",
    ]
