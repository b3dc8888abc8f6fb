# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text of the interface has its translation, and no translation is left over."""

from __future__ import annotations

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
    return (of_classes(bpy, classes) | states
            | set(extension("operators.session.runner").ENGINE_STATES)
            | {text for path in _drawing_files(project_root) for text in of_code(path)}
            | {text for path in _drawing_files(project_root) for text in reasons(path)}
            | {text for path in _failing_files(project_root) for text in errors(path)}
            | {text for name, text in vars(extension("operators.session.messages")).items()
               if name.isupper()}
            | {text for info in extension("engine.models.catalogue").CATALOGUE
               for text in (info.terms, info.title)} - {""}
            | {name for path in _working_files(project_root) for name in stages(path)})


def _drawing_files(root: Path) -> list[Path]:
    return sorted([*root.glob("ui/**/*.py"), *root.glob("operators/**/*.py")])


def _working_files(root: Path) -> list[Path]:
    rooms = ("core", "transport", "setup", "jobs", "training", "reconstruction", "remote")
    return [path for room in rooms for path in root.glob(f"engine/{room}/**/*.py")]


def _failing_files(root: Path) -> list[Path]:
    """What a person in Blender can meet the errors of."""
    rooms = ("core", "transport", "setup", "jobs", "imaging", "diffusion", "mesh",
             "reconstruction", "fields", "remote", "models")
    return [path for pattern in ("operators/**/*.py", "engine/*.py", *(
        f"engine/{room}/*.py" for room in rooms)) for path in root.glob(pattern)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(extension, texts, language):
    known = extension(f"ui.translations.{language}").TEXTS
    missing = sorted(texts - set(known))
    assert not missing, "add to ui/translations/{}:\n{}".format(
        language, "\n".join(f"    {json.dumps(text, ensure_ascii=False)}:" for text in missing))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_over(extension, texts, language):
    assert sorted(set(extension(f"ui.translations.{language}").TEXTS) - texts) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_form(extension, language):
    """Its placeholders, and no period at the end of a tooltip."""
    for english, text in extension(f"ui.translations.{language}").TEXTS.items():
        assert _placeholders(text) == _placeholders(english), english
        assert text.strip() == text != "", english
        assert not text.endswith("."), english


def _placeholders(text: str) -> list[str]:
    return sorted(str(name) for _, name, _, _ in string.Formatter().parse(text)
                  if name is not None)


def test_no_drawn_text_is_put_together_untranslated(project_root):
    assert [place for path in _drawing_files(project_root) for place in untranslatable(path)] == []


def test_nothing_is_told_untranslated(project_root):
    assert [place for path in _drawing_files(project_root) for place in untold(path)] == []


def test_the_texts_that_are_known_to_be_there_are_found(texts):
    """Of every source: the collector itself works."""
    assert {"Generate Views", "Picture to 3D", "Steps", "Same seed, same result", "Voxels",
            "Import Files", "Waiting", "No job is running", "Started {} jobs",
            "Leave the current mode for Object Mode", "there is no render yet", "run the job again",
            "Results can be imported when the render is finished",
            "Active image: {}", "Load model", "Not running",
            "Name of the image to start from; empty takes the active one",
            "Stop a job at its next step; only a mesh or a training can go on from there"} <= texts


def test_blender_takes_the_languages(bpy, extension):
    if not bpy.app.build_options.international:
        pytest.skip("needs a Blender that is built with translations")
    translations = extension("ui.translations")
    with pytest.raises(ValueError, match="already"):
        translations.register()
    translations.unregister()
    translations.register()
