"""Contract tests that every export target must pass."""

import dataclasses
from pathlib import Path, PurePosixPath
from typing import Any

from discern.progress import silent
from discern.serving.export_folder import MANIFEST, write_export
from discern.serving.target import Export, Target, VerifiedBundle

_MODEL = {"name": "m", "version": "1", "fingerprint": "f" * 64}


class TargetContract:
    """Base class for the contract tests of an export target.

    Subclasses override `target`, `config` and `bundle`.
    """

    def target(self) -> Target[Any]:
        """Return the export target under test."""
        raise NotImplementedError

    def config(self, folder: Path) -> Any:
        """Return options for the export target under test, with any files in the empty `folder`."""
        raise NotImplementedError

    def bundle(self, folder: Path) -> VerifiedBundle:
        """Return a small model bundle to export in the tests, with any files in the empty `folder`."""
        raise NotImplementedError

    def _build(self, folder: Path) -> Export:
        for name in ("options", "bundle"):
            (folder / name).mkdir(parents=True)
        bundle, config = self.bundle(folder / "bundle"), self.config(folder / "options")
        return self.target().build(bundle, config, progress=silent)

    def test_options_are_a_frozen_dataclass(self, tmp_path: Path) -> None:
        """Check that the options of the export target are comparable and immutable."""
        config = self.config(tmp_path)
        assert isinstance(config, self.target().config_type)
        assert dataclasses.is_dataclass(config)
        assert hash(config) == hash(self.config(tmp_path))

    def test_equal_bundles_and_options_give_equal_files(self, tmp_path: Path) -> None:
        """Check that a second build produces identical files."""
        one, other = self._build(tmp_path / "one"), self._build(tmp_path / "other")
        assert one.door == other.door
        assert dict(one.files) == dict(other.files)

    def test_paths_stay_inside_the_folder(self, tmp_path: Path) -> None:
        """Check that all file paths are relative and stay inside the export folder."""
        names = self._build(tmp_path).files.keys()
        assert names
        assert MANIFEST not in names
        for name in names:
            path = PurePosixPath(name)
            assert not path.is_absolute()
            assert ".." not in path.parts
            assert str(path) == name

    def test_an_export_can_be_written_twice(self, tmp_path: Path) -> None:
        """Check that a second export replaces the first one completely."""
        export, folder = self._build(tmp_path / "built"), tmp_path / "deployed"
        for _ in range(2):
            write_export(folder, export, target="under test", model=_MODEL)
        written = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        assert written.keys() == {*export.files, MANIFEST}
        assert {name: path.read_bytes() for name, path in written.items() if name != MANIFEST} == dict(export.files)
