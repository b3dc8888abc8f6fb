# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest set of views whose silhouettes one solid can cast.

A set of silhouettes is consistent if their visual hull (Laurentini 1994) fills each of them: the
ray of every pixel inside a silhouette passes a point that lies inside all of the others, too. Views
are added to a set in random orders as long as it stays consistent, and the largest set is kept
(a random sample consensus, Fischler and Bolles 1981). No shape is fitted, so that thin objects are
judged like others, and consistent views are never told apart by a coarse fit's errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.rays import focal_ndc, pixel_centres, project
from .posed_images import PosedImages


@dataclass(frozen=True)
class ConsensusConfig:
    """Constants of the search."""

    image_size: int = 96
    """Side in pixels of the silhouettes. They may differ by a pixel."""
    opacity: float = 0.4
    """Minimum alpha of pixels that may lie inside a silhouette: thin parts are less than opaque.
    Only pixels above 0.5 must be filled."""
    faint_opacity: float = 0.1
    """The same for pixels that do not touch such a pixel: a blade seen on its edge is thinner than
    a pixel, and would otherwise be missing in its silhouette."""
    depths: int = 64
    """Points on each ray, less than two pixels apart."""
    reach: float = 0.87
    """Distance from the origin up to which a ray is sampled, world units: half the diagonal of a
    cube of side 1."""
    pixels: int = 3200
    """Maximum number of pixels that are tested, of all views together."""
    tolerance: float = 0.02
    """Share of a silhouette's pixels that the hull may leave empty."""
    pixel_tolerance: float = 4.0
    """Number of pixels that the hull may leave empty even if they are a larger share."""
    max_orders: int = 60
    """Maximum number of random orders in which views are added."""
    beginning: int = 5
    """Number of views that determine which others fit: if the first ones of an order are right,
    the result is."""
    miss: float = 0.01
    """Probability of ending the search before an order has begun with right views."""
    max_views: int = 64
    """Number of views above which no set is searched, because memory grows with its square."""

    def orders_for(self, share: float) -> int:
        """Number of orders to try if this share of the views is right."""
        hit = share**self.beginning
        return 1 if hit >= 1 else min(math.ceil(math.log(self.miss) / math.log1p(-hit)),
                                      self.max_orders)


CONFIG = ConsensusConfig()


@dataclass(frozen=True)
class Consensus:
    """The largest consistent set of N views."""

    member: Tensor
    """N bool."""
    weight: Tensor
    """N in (0, 1]: 1 for members; for others, the less the worse they fit to the members."""


def silhouette_consensus(images: PosedImages, seed: int = 0,
                         config: ConsensusConfig = CONFIG) -> Consensus | None:
    """Find the largest set of images whose silhouettes one solid can cast.

    The set always contains the trusted images. Returns None if it holds at most half of the images,
    or if there are more than `max_views` of them.

    `seed`: of the random orders.
    """
    count = len(images.rgba)
    if count > config.max_views:
        return None
    rays = _SilhouetteRays.of(images.shrunk(config.image_size), config)
    generator = torch.Generator().manual_seed(seed)
    trusted = images.trusted.nonzero()[:, 0]
    others = (~images.trusted).nonzero()[:, 0]
    best: _ConsistentSet | None = None
    tried, needed = 0, config.max_orders
    while tried < needed:
        order = others[torch.randperm(len(others), generator=generator)]
        grown = _grown(rays, trusted, order)
        if best is None or grown.score > best.score:
            best = grown
            needed = config.orders_for(float(best.member.sum()) / count)
        tried += 1
    if best is None or 2 * best.member.sum() <= count:
        return None
    weight = torch.ones(count)
    for view in (~best.member).nonzero()[:, 0].tolist():
        joined = best.member.clone()
        joined[view] = True
        excess = rays.emptiness(best.points & rays.inside[view])[joined].max() - 1
        weight[view] = (1 + excess.clamp_min(0).square()).square().reciprocal()
    return Consensus(best.member, weight)


@dataclass(frozen=True)
class _ConsistentSet:
    """A consistent set of views."""

    member: Tensor
    """N bool."""
    points: Tensor
    """N x K x D bool: the points of `_SilhouetteRays` that lie inside all of its silhouettes."""
    score: float
    """Number of its views; of sets of the same size, the one with fewer empty pixels has more."""


def _grown(rays: _SilhouetteRays, first: Tensor, order: Tensor) -> _ConsistentSet:
    """The set of the first views and of those that stay consistent with it in this order."""
    member = torch.zeros(len(rays.inside), dtype=torch.bool)
    member[first] = True
    points = rays.inside_all(first)
    for view in order.tolist():
        fewer = points & rays.inside[view]
        joined = member.clone()
        joined[view] = True
        if rays.emptiness(fewer)[joined].max() <= 1:
            member, points = joined, fewer
    if not member.any():
        return _ConsistentSet(member, points, 0.0)
    empty = float(rays.emptiness(points)[member].mean())
    return _ConsistentSet(member, points, float(member.sum()) - empty / (1 + empty))


@dataclass(frozen=True)
class _SilhouetteRays:
    """Points on the rays of K pixels inside each of N silhouettes."""

    inside: Tensor
    """N x N x K x D bool: whether silhouette n, dilated by a pixel, contains point d on ray k of
    view m, at [n, m, k, d]. It contains points that its view does not frame."""
    used: Tensor
    """N x K bool: which of the pixels exist; a small silhouette has fewer."""
    allowed: Tensor
    """N; number of the pixels of each silhouette that may be empty."""

    @classmethod
    def of(cls, images: PosedImages, config: ConsensusConfig) -> _SilhouetteRays:
        """The rays of N images."""
        alpha = images.rgba[..., 3]
        count, size = alpha.shape[:2]
        chosen, used = _chosen_pixels(alpha > 0.5, max(config.pixels // count, 1))
        points = _points(images, chosen, config).reshape(-1, 3)
        dilated = _dilated(alpha > config.opacity)
        dilated |= _dilated((alpha > config.faint_opacity) & ~dilated)
        inside = []
        for mask, matrix in zip(dilated, images.camera_to_world, strict=True):
            coords, _ = project(points, matrix, images.fov_deg)
            pixel = ((coords + 1) * (size / 2)).long().clamp(0, size - 1)
            framed = (coords.abs() < 1).all(-1)
            inside.append(mask[pixel[:, 1], pixel[:, 0]] | ~framed)
        allowed = (config.tolerance * used.sum(-1)).clamp_min(config.pixel_tolerance)
        return cls(torch.stack(inside).reshape(count, *chosen.shape, config.depths), used, allowed)

    def inside_all(self, views: Tensor) -> Tensor:
        """The points (N x K x D bool) inside the silhouettes of some views; all without views."""
        return self.inside[views].all(0)

    def emptiness(self, points: Tensor) -> Tensor:
        """The number (N) of pixels of each silhouette on whose rays none of the points lies, in
        units of the allowed number."""
        return (~points.any(-1) & self.used).sum(-1) / self.allowed


def _dilated(masks: Tensor) -> Tensor:
    """N masks (N x S x S bool), dilated by a pixel."""
    return F.max_pool2d(masks[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0


def _chosen_pixels(masks: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Indices (N x K) of at most `number` pixels inside each of N masks, evenly spaced in rows, and
    which of them exist (N x K bool)."""
    indices = [mask.reshape(-1).nonzero()[:, 0] for mask in masks]
    indices = [some[torch.linspace(0, len(some) - 1, min(number, len(some))).round().long()]
               for some in indices]
    longest = max(map(len, indices))
    chosen = torch.stack([F.pad(some, (0, longest - len(some))) for some in indices])
    used = torch.stack([torch.arange(longest) < len(some) for some in indices])
    return chosen, used


def _points(images: PosedImages, pixels: Tensor, config: ConsensusConfig) -> Tensor:
    """N x K x D x 3 points on the rays of N x K pixels, world."""
    size = images.rgba.shape[1]
    x, y = pixel_centres(size)[pixels].unbind(-1)
    focal = focal_ndc(images.fov_deg)
    local = F.normalize(torch.stack([x / focal, -y / focal, -torch.ones_like(x)], -1), dim=-1)
    rotation, position = images.camera_to_world[:, :3, :3], images.camera_to_world[:, :3, 3]
    directions = torch.einsum("nij,nkj->nki", rotation, local)
    middle = position.norm(dim=-1)[:, None, None]
    depth = middle + torch.linspace(-config.reach, config.reach, config.depths)
    return position[:, None, None] + directions[:, :, None] * depth[..., None]
