# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text of the interface has a translation, and every translation a text."""

from __future__ import annotations

import difflib
import json
import string
from pathlib import Path

import pytest
from interface_texts import errors, of_classes, of_code, reasons, stages, untold, untranslatable

LANGUAGES = ("german",)


@pytest.fixture(scope="module")
def texts(bpy, extension, project_root):
    """All texts of the interface in English."""
    classes = [*extension("ui").CLASSES, *extension("operators").CLASSES]
    states = {state.value for state in extension("operators.session.jobs").JobState}
    names = {info.name for info in extension("engine.models.catalogue").CATALOGUE}
    return ((of_classes(bpy, classes) - names) | states
            | set(extension("operators.session.runner").ENGINE_STATES)
            | {kind.TITLE for kind in extension("engine.core.requests").REQUESTS.values()}
            | {text for path in _drawing_files(project_root) for text in of_code(path)}
            | {text for path in _drawing_files(project_root) for text in reasons(path)}
            | {text for path in _failing_files(project_root) for text in errors(path)}
            | {text for name, text in vars(extension("operators.session.messages")).items()
               if name.isupper()}
            | {text for info in extension("engine.models.catalogue").CATALOGUE
               for text in (info.terms, info.title)} - {""}
            | set(extension("ui.image_notes").TEXTS)
            | {name for path in _working_files(project_root) for name in stages(path)})


def _drawing_files(root: Path) -> list[Path]:
    return sorted([*root.glob("ui/**/*.py"), *root.glob("operators/**/*.py")])


def _working_files(root: Path) -> list[Path]:
    rooms = ("core", "transport", "setup", "jobs", "training", "reconstruction", "remote")
    return [path for room in rooms for path in root.glob(f"engine/{room}/**/*.py")]


def _failing_files(root: Path) -> list[Path]:
    """Files whose errors can occur in Blender."""
    rooms = ("core", "transport", "setup", "jobs", "imaging", "diffusion", "mesh",
             "reconstruction", "fields", "remote", "models")
    return [path for pattern in ("operators/**/*.py", "engine/*.py", *(
        f"engine/{room}/*.py" for room in rooms)) for path in root.glob(pattern)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_cover_every_text(extension, texts, language):
    """A changed text is missing, and its old form is the most similar leftover."""
    known = set(extension(f"ui.translations.{language}").TEXTS)
    leftover = known - texts
    renames = {text: closest(text, leftover) for text in sorted(texts - known)}
    assert not renames, (
        f"texts without a translation in ui/translations/{language}, with the closest leftover; "
        "rename those with tools/rename_texts.py, which takes a JSON file of old and new texts:\n"
        + json.dumps({old: new for new, old in renames.items()}, ensure_ascii=False, indent=1))


def closest(text: str, leftover: set[str]) -> str:
    """The leftover text that is most similar; a remark if none is."""
    return next(iter(difflib.get_close_matches(text, leftover, n=1, cutoff=0.5)),
                f"(nothing similar to {text[:40]!r})")


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_hold_no_leftovers(extension, texts, language):
    leftover = sorted(set(extension(f"ui.translations.{language}").TEXTS) - texts)
    assert not leftover, "remove the translations of:\n" + "\n".join(leftover)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_placeholders(extension, language):
    """Like the English texts, they do not end with a period."""
    for english, text in extension(f"ui.translations.{language}").TEXTS.items():
        assert _placeholders(text) == _placeholders(english), english
        assert text.strip() == text != "", english
        assert not text.endswith("."), english


def _placeholders(text: str) -> list[str]:
    return sorted(str(name) for _, name, _, _ in string.Formatter().parse(text)
                  if name is not None)


def test_drawn_texts_are_not_put_together(project_root):
    assert [place for path in _drawing_files(project_root) for place in untranslatable(path)] == []


def test_reports_are_translated(project_root):
    assert [place for path in _drawing_files(project_root) for place in untold(path)] == []


def test_collector_finds_texts_of_every_source(texts):
    assert {"Generate Views", "Image to 3D", "Steps", "Same seed, same result", "Voxels",
            "Import Files", "Waiting", "No job is running", "Started {} jobs",
            "Switch to Object Mode", "there is no render yet", "run the job again",
            "Results can be imported when the render is finished",
            "Active image: {}", "Load model", "Not running",
            "Name of the input image; empty uses the active image",
            "Cancel a job at its next step; only meshes and trainings can be resumed later",
            } <= texts


def test_translations_register_again(bpy, extension):
    if not bpy.app.build_options.international:
        pytest.skip("needs a Blender that is built with translations")
    translations = extension("ui.translations")
    with pytest.raises(ValueError, match="already"):
        translations.register()
    translations.unregister()
    translations.register()
