from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import (
    bare_catalog,
    brightened,
    catalog_of,
    cropped,
    frame,
    grey,
    halved,
    look_alike,
    mirrored,
    quarter_turned,
    re_encoded,
    resized,
    rotated,
    scene,
    write,
)

from discern.catalog import scan
from discern.grouping import find_edges, form_groups
from discern.grouping.edges import _keep_sources_apart, link_films
from discern.grouping.overlaps.overlap_finder import Overlaps

ALTERED = {
    "re-encoded": re_encoded(45),
    "halved": halved,
    "cropped": cropped,
    "brightened": brightened,
    "mirrored": mirrored,
    "quarter-turned": quarter_turned,
    "rotated left": rotated(23),
    "rotated right": rotated(-41),
    "expanded": rotated(12, expand=True),
    "grey": grey,
    "squared": resized(96, 96),
    "squared grey and cropped": lambda image: re_encoded(60)(cropped(grey(resized(112, 112)(image)))),
    "narrowed and mirrored": lambda image: mirrored(resized(72, 180)(image)),
    "widened and quarter-turned": lambda image: quarter_turned(resized(200, 80)(image)),
}
NAMES = ["".join(chr(97 + int(digit)) for digit in f"{seed:03}") for seed in range(200)]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    pictures = {f"c/{NAMES[seed]}.png": scene(seed) for seed in range(50)}
    altered = {f"c/{name}.png": alter(scene(seed)) for seed, (name, alter) in enumerate(ALTERED.items())}
    others = {
        "d/same.bmp": scene(20),
        "d/small.png": scene(21).resize((31, 31)),
        "d/small too.png": mirrored(scene(21).resize((31, 31))),
        "d/white.png": scene(1).point(lambda _: 255),
        "d/nearly white.png": scene(2).point(lambda value: 253 + value // 200),
    }
    folder = tmp_path_factory.mktemp("edges")
    write(folder / "pictures", pictures | altered | others)
    (folder / "pictures/d/broken.jpg").write_bytes(b"\xff\xd8\xff")
    return scan(folder / "pictures", cache=folder / "cache")


@pytest.fixture(scope="module")
def edges(catalog):
    return find_edges(catalog)


def pairs(catalog, edges, kind):
    paths = catalog.table["path"].to_list()
    return {
        frozenset((paths[a], paths[b]))
        for a, b in edges.filter(pl.col("kind") == kind).select("first", "second").rows()
    }


def test_exactly_the_altered_copies_are_found(catalog, edges):
    expected = {frozenset((f"c/{NAMES[seed]}.png", f"c/{name}.png")) for seed, name in enumerate(ALTERED)}
    assert pairs(catalog, edges, "near") == expected


def test_exact_copies_are_found_in_any_container(catalog, edges):
    assert pairs(catalog, edges, "exact") == {frozenset((f"c/{NAMES[20]}.png", "d/same.bmp"))}


def test_the_table_has_its_schema_and_order(catalog, edges):
    assert edges.schema == {"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64}
    assert (edges["first"] < edges["second"]).all()
    assert edges["score"].is_between(0, 1).all()
    assert edges.equals(edges.sort("first", "second", "kind"))


def test_the_same_catalog_gives_the_same_edges(catalog, edges):
    assert find_edges(catalog).equals(edges)


def test_copies_form_groups(catalog, edges):
    groups = form_groups(catalog, edges)
    assert groups.sizes.max() == 2
    assert len(groups.sizes) == len(catalog) - len(ALTERED) - 1


def test_embeddings_only_add_candidates(catalog, edges):
    embeddings = np.random.default_rng(0).normal(size=(len(catalog), 8)).astype(np.float32)
    found = find_edges(catalog, embeddings=embeddings)
    assert pairs(catalog, edges, "near") <= pairs(catalog, found, "near")


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_unrelated_pictures_have_no_edges(tmp_path, count):
    (tmp_path / "pictures").mkdir()
    catalog = catalog_of(tmp_path, {f"{NAMES[seed]}.png": scene(seed) for seed in range(count)})
    assert len(find_edges(catalog)) == 0


def test_exact_copies_form_a_star(tmp_path):
    catalog = catalog_of(tmp_path, {f"{name}.png": scene(0) for name in "abcd"})
    assert find_edges(catalog).rows() == [(0, 1, "exact", 1.0), (0, 2, "exact", 1.0), (0, 3, "exact", 1.0)]


def test_look_alikes_are_not_merged(tmp_path):
    pictures = {f"{NAMES[seed]}.png": look_alike(seed) for seed in range(80)}
    catalog = catalog_of(tmp_path, pictures | {"copy.jpg": look_alike(3)})
    groups = form_groups(catalog, find_edges(catalog))
    paths = catalog.table["path"].to_list()
    assert groups.group[paths.index("copy.jpg")] == groups.group[paths.index(f"{NAMES[3]}.png")]
    assert len(groups.sizes) == 80


def test_look_alikes_do_not_overlap(tmp_path):
    catalog = catalog_of(tmp_path, {f"{NAMES[seed]}.png": look_alike(seed, detail=3) for seed in range(80)})
    assert len(find_edges(catalog)) == 0


def test_squashed_look_alikes_are_found_and_not_merged(tmp_path):
    shapes = ((128, 104), (112, 128), (128, 128), (96, 120))
    pictures = {f"{NAMES[seed]}.png": resized(*shapes[seed % 4])(look_alike(seed)) for seed in range(60)}
    copies = {f"copy {NAMES[seed]}.png": re_encoded(80)(resized(96, 96)(look_alike(seed))) for seed in range(0, 60, 4)}
    catalog = catalog_of(tmp_path, pictures | copies)
    expected = {frozenset((name, name.removeprefix("copy "))) for name in copies}
    assert pairs(catalog, find_edges(catalog), "near") == expected


def test_frames_of_a_film_are_linked_as_a_sequence(tmp_path):
    films = {
        f"{'test' if n % 3 else 'train'}/f{film}/{n * 9}.png": frame(film, n * 9)
        for film in range(4)
        for n in range(12)
    }
    others = {f"train/{NAMES[seed]}/{NAMES[seed]}.png": scene(seed) for seed in range(40)}
    catalog = catalog_of(tmp_path, films | others)
    edges = find_edges(catalog)
    assert set(edges["kind"]) == {"sequence"}
    assert sorted(form_groups(catalog, edges).sizes)[-4:] == [12, 12, 12, 12]


def test_no_film_goes_on_from_grid_to_grid(tmp_path):
    tiles = {f"s{n // 9:02}_x{n % 9 // 3}_y{n % 3}": frame(0, 9 * n) for n in range(18)}
    others = {f"{NAMES[seed]}/{NAMES[seed]}.png": scene(seed) for seed in range(40)}
    catalog = catalog_of(tmp_path, {f"a/{name}.png": tile for name, tile in tiles.items()} | others)
    source = [path[2:5] for path in catalog.table["path"]]
    links, _ = link_films(catalog)
    assert len(links) > 9
    assert all(source[first] == source[second] for first, second in links.tolist())


def test_declared_groups_are_joined_by_copies_but_not_by_numbers(tmp_path):
    """Two takes of one scene in one numbering, of which the second begins with a copy of the last frame."""
    film = {f"a/{n}.png": frame(0, 9 * (n - (n > 11))) for n in range(20)}
    others = {f"{NAMES[seed]}/{NAMES[seed]}.png": scene(seed) for seed in range(40)}
    catalog = catalog_of(tmp_path, film | others)
    assert form_groups(catalog, find_edges(catalog)).sizes.max() == 20
    take = [f"take {int(path[2:-4]) > 11}" if path.startswith("a/") else None for path in catalog.table["path"]]
    declared = replace(catalog, table=catalog.table.with_columns(group=pl.Series(take)))
    edges = find_edges(declared).rows()
    across = {kind for first, second, kind, _ in edges if take[first] != take[second]}
    assert across == {"exact"}


def test_bursts_by_exif_times_are_linked_unless_declared_groups_differ(tmp_path):
    for at, seed in enumerate([*range(30), *[50] * 6]):
        exif = Image.Exif()
        exif.get_ifd(0x8769).update({0x9003: f"2024:01:{1 + min(at, 30):02} 10:00:{max(at - 30, 0):02}"})
        left = 6 * (at - 30) * (seed == 50)
        shot = scene(seed, width=320, height=240).crop((left, 40, left + 160, 160))
        shot.save(tmp_path / f"{'abc'[at % 3]}{NAMES[97 * at % 200]}.jpg", exif=exif)
    catalog = scan(tmp_path, cache=tmp_path / "cache", labels=False)
    assert sorted(form_groups(catalog, find_edges(catalog)).sizes)[-2:] == [1, 6]
    half = [str(taken % 60_000 >= 3000) for taken in catalog.table["taken"]]
    declared = replace(catalog, table=catalog.table.with_columns(group=pl.Series(half)))
    across = {kind for first, second, kind, _ in find_edges(declared).rows() if half[first] != half[second]}
    assert "sequence" not in across


@pytest.mark.real
def test_a_real_pack_has_few_edges(real_data, tmp_path):
    edges = find_edges(catalog := scan(real_data / "hymenoptera", cache=tmp_path))
    assert len(edges) <= len(catalog) // 50


def test_overlaps_join_declared_groups_only_where_they_are_seen():
    catalog = bare_catalog(list("abcd"), groups={"a": "one", "b": "two", "c": "two"})
    pairs, agreement = np.array([(0, 1), (0, 3), (2, 3)]), np.array([0.9, 0.5, 0.99])
    overlaps = Overlaps(pairs=pairs, agreement=agreement, guessed=np.array([False, True, True]), moved=pairs[:0])
    assert _keep_sources_apart(overlaps, catalog)[0].tolist() == [[0, 1], [2, 3]]
    overlaps = replace(overlaps, guessed=np.zeros(3, bool))
    assert len(_keep_sources_apart(overlaps, catalog)[0]) == 3
