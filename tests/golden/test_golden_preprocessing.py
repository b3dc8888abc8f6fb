# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are prepared for the network as in the original."""

import numpy as np
import pytest

from engine.diffusion import clip_pixel_values
from engine.imaging import on_white, recentre, resize_premultiplied

pytestmark = pytest.mark.golden


@pytest.mark.parametrize(("photo", "expected"), [
    ("photo_rgba", "pre_recentred_u8"),
    ("photo_small_rgba", "pre_recentred_small_u8"),
])
def test_recentring_is_the_originals_to_the_byte(golden_inputs, golden_outputs, photo, expected):
    np.testing.assert_array_equal(recentre(golden_inputs[photo]), golden_outputs[expected])


def test_resizing_without_recentring_is_the_originals(golden_inputs, golden_outputs):
    rgb = on_white(resize_premultiplied(golden_inputs["photo_rgba"], 256))
    np.testing.assert_array_equal(rgb, golden_outputs["pre_rgba_resize"])


def test_clip_sees_the_originals_pixels(image, meets):
    meets(clip_pixel_values(image), "clip_pixel_values")
