# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of `dataset` and `train` that train the small model from random weights.

All files of a training lie in a working folder: `views/` (unpacked images), `autoencoder/` and
`denoiser/` (checkpoint.pt, log.jsonl), and `latents/` (precomputed). This module, the synthetic
objects and `engine.training.scratch` are not part of the extension's zip.
"""

from __future__ import annotations

import argparse
from typing import Any

from ..core.reporting import Reporter
from ..core.request import RESUMES_HINT
from .options import user_path

HELD_OUT = 58
"""Five percent of the shipped training objects."""


def add_dataset(verbs: Any) -> None:
    """Add `dataset unpack`, `precompute` and `shapes`."""
    unpack = verbs.add_parser("unpack",
                              help="composite the views of data sets on a white background")
    unpack.add_argument("shards", type=user_path, nargs="+", metavar="SHARDS",
                        help="folders of .tar shards, or of objects in Objaverse's layout, in the "
                        "order of the objects")
    unpack.add_argument("--size", type=int, default=0, metavar="PIXELS",
                        help="resize the images; nano trains on 128 (default: their own size)")
    unpack.set_defaults(run=_unpack)
    _add_work(unpack)

    precompute = verbs.add_parser("precompute",
                                  help="encode the views with the trained autoencoder")
    _add_work(precompute)
    precompute.add_argument("--variants", type=int, default=2,
                            help="versions of every object; those with odd numbers are mirrored")
    precompute.add_argument("--seed", type=int, default=0, help="seed of the colour changes")
    precompute.set_defaults(run=_precompute)

    shapes = verbs.add_parser("shapes", help="render random household shapes as shards")
    shapes.add_argument("--out", type=user_path, required=True, help="folder for the shards")
    shapes.add_argument("--count", type=int, default=1200, help="number of objects")
    shapes.add_argument("--view-count", type=int, default=24, help="images of each object")
    shapes.add_argument("--size", type=int, default=128, help="side of an image, pixels")
    shapes.add_argument("--seed", type=int, default=0)
    shapes.add_argument("--workers", type=int, default=2, help="number of processes that render")
    shapes.add_argument("--test-set", action="store_true",
                        help="also write the meshes, in the layout that `evaluate meshes` reads: "
                             "OUT/views and OUT/meshes")
    shapes.set_defaults(run=_shapes, stopped=RESUMES_HINT)


def add_train(verbs: Any) -> None:
    """Add `train autoencoder`, `denoiser` and `export`."""
    autoencoder = verbs.add_parser("autoencoder",
                                   help="train the autoencoder, which converts between images and "
                                        "latents (first step)")
    _add_loop(autoencoder, steps=4000, batch_size=16, rate=1e-3, ema=0.998)
    autoencoder.add_argument("--crop", type=int, default=64,
                             help="side of the random crops, pixels")
    _add_initial(autoencoder)
    autoencoder.set_defaults(run=_train_autoencoder, stopped=RESUMES_HINT)

    denoiser = verbs.add_parser("denoiser",
                                help="train the view-conditioned UNet, the image encoder and the "
                                     "projection on precomputed latents (second step)")
    _add_loop(denoiser, steps=6000, batch_size=48, rate=5e-4, ema=0.999)
    denoiser.add_argument("--held-out", type=int, default=HELD_OUT,
                          help="number of last objects in the list that are not trained on")
    _add_initial(denoiser)
    denoiser.add_argument("--huber-delta", type=float, default=0.0,
                          help="use the Huber loss with this delta instead of the squared error")
    denoiser.set_defaults(run=_train_denoiser, stopped=RESUMES_HINT)

    export = verbs.add_parser("export", help="write the averaged weights in diffusers layout, fp16")
    _add_work(export)
    export.add_argument("--out", type=user_path, required=True, help="folder for the model")
    export.add_argument("--default-steps", type=int, default=8)
    export.add_argument("--default-guidance", type=float, default=1.0)
    export.set_defaults(run=_export)


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--work", type=user_path, required=True,
                        help="working folder of this training")


def _add_loop(parser: argparse.ArgumentParser, steps: int, batch_size: int, rate: float,
              ema: float) -> None:
    _add_work(parser)
    parser.add_argument("--steps", type=int, default=steps, help="total number of optimiser steps")
    parser.add_argument("--cooldown", type=int, default=steps // 5,
                        help="number of final steps in which the learning rate falls to zero")
    parser.add_argument("--batch-size", type=int, default=batch_size)
    parser.add_argument("--learning-rate", type=float, default=rate)
    parser.add_argument("--ema-decay", type=float, default=ema)
    parser.add_argument("--seed", type=int, default=0)


def _add_initial(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--initial", metavar="MODEL", help="start from the weights of this model "
                        "(a name or a folder) instead of random ones")


def _settings(args: argparse.Namespace, **faster: float):
    from ..training.loop import LoopSettings

    return LoopSettings(steps=args.steps, learning_rate=args.learning_rate, cooldown=args.cooldown,
                        ema_decay=args.ema_decay, seed=args.seed, faster=faster)


def _unpack(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..training.views import unpack

    unpack(args.shards, args.work / "views", reporter, args.size)


def _shapes(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..training.synthetic.render import SyntheticViews, render_shards

    folder, meshes = ((args.out / "views", args.out / "meshes") if args.test_set
                      else (args.out, None))
    views = SyntheticViews(args.view_count, args.size, args.seed)
    render_shards(folder, args.count, views, args.workers, reporter, meshes)


def _train_autoencoder(args: argparse.Namespace, reporter: Reporter) -> None:
    import torch

    from ..models import load_pipeline
    from ..training.loop import train
    from ..training.scratch.autoencoder import autoencoder_loss, nano_autoencoder
    from ..training.views import load

    torch.manual_seed(args.seed)
    vae = nano_autoencoder().to(memory_format=torch.channels_last)
    if args.initial:
        vae.load_state_dict(load_pipeline(args.initial, "cpu").vae.state_dict())
    loss = autoencoder_loss(load(args.work / "views"), args.batch_size, args.crop)
    train(vae, loss, _settings(args), args.work / "autoencoder", reporter)


def _precompute(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..training.latents import precompute
    from ..training.loop import load_averaged
    from ..training.scratch.autoencoder import nano_autoencoder
    from ..training.scratch.nano import nano_image_encoder
    from ..training.views import load

    vae = nano_autoencoder()
    load_averaged(vae, args.work / "autoencoder")
    precompute(load(args.work / "views"), vae.eval(), args.variants,
               nano_image_encoder().config.image_size, args.work / "latents", args.seed, reporter)


def _train_denoiser(args: argparse.Namespace, reporter: Reporter) -> None:
    import torch

    from ..models import load_pipeline
    from ..training.latents import load
    from ..training.loop import train
    from ..training.scratch.denoiser import denoising_loss, first_step_error
    from ..training.scratch.nano import Zero123Denoiser, nano_scheduler

    torch.manual_seed(args.seed)
    data = load(args.work / "latents")
    count = len(data.latent)
    seen, held_out = torch.arange(count).split([count - args.held_out, args.held_out])
    loss = denoising_loss(data, seen, nano_scheduler(), args.batch_size,
                          huber_delta=args.huber_delta)
    validation = first_step_error(data, held_out, nano_scheduler()) if args.held_out else None
    denoiser = Zero123Denoiser.nano()
    if args.initial:
        denoiser.continue_from(load_pipeline(args.initial, "cpu"))
    # As in the original: the projection starts as the identity and has the pose yet to learn.
    settings = _settings(args, cc_projection=10.0)
    train(denoiser, loss, settings, args.work / "denoiser", reporter, validation)


def _export(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..training.scratch.export import export

    export(args.work, args.out, args.default_steps, args.default_guidance)
