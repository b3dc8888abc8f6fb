# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate views`: a model against rendered test objects, beside the baseline."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..reporting import Reporter
from ..requests import SAMPLERS


def add_parsers(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb `evaluate`."""
    evaluate = subparsers.add_parser("evaluate", help="measure a model on rendered test objects")
    verbs = evaluate.add_subparsers(dest="evaluate_verb", required=True)
    views = verbs.add_parser("views", help="PSNR, SSIM and silhouette IoU of novel views")
    views.add_argument("shards", type=Path, metavar="SHARDS", help="folder of .tar shards")
    views.add_argument("--model", default="nano", help="name from the catalogue, or a folder")
    views.add_argument("--steps", type=int, default=0, help="0 takes the model's own default")
    views.add_argument("--guidance", type=float, default=0.0,
                       help="0 takes the model's own default")
    views.add_argument("--sampler", choices=SAMPLERS, default="dpm++")
    views.add_argument("--samples", type=int, default=1, help="samples averaged per view")
    views.add_argument("--seed", type=int, default=0)
    views.add_argument("--last", type=int, default=0, metavar="N",
                       help="only the last N objects (those held out from training)")
    views.add_argument("--out", type=Path, help="also write the table as JSON")
    views.set_defaults(run=_evaluate_views)


def _evaluate_views(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..models import load_pipeline
    from ..training.shards import read_shards
    from .views import BUCKETS, copy_input, evaluate, pipeline_predictor

    pipeline = load_pipeline(args.model, "cpu")
    steps = args.steps or pipeline.config.default_num_inference_steps
    guidance = args.guidance or pipeline.config.default_guidance_scale
    objects = list(read_shards(args.shards))[-args.last:]
    size = pipeline.vae.config.sample_size
    methods = {"copy": copy_input, args.model: pipeline_predictor(
        pipeline, steps=steps, guidance=guidance, sampler=args.sampler, seed=args.seed,
        samples=args.samples)}
    table = {name: evaluate(objects, predict, size, reporter)
             for name, predict in methods.items()}
    print(f"{len(objects)} objects, {size} px, {steps} steps, guidance {guidance:g}, "
          f"{args.sampler}")
    print(f"{'method':12} {'azimuth':8} {'PSNR':>7} {'SSIM':>7} {'IoU':>7}")
    for name, scores in table.items():
        for bucket in BUCKETS:
            row = scores[bucket]
            print(f"{Path(name).name:12} {bucket:8} {row['psnr']:7.2f} {row['ssim']:7.3f} "
                  f"{row['silhouette_iou']:7.3f}")
    if args.out:
        record = {"objects": len(objects), "size": size, "steps": steps, "guidance": guidance,
                  "sampler": args.sampler, "seed": args.seed, "scores": table}
        args.out.write_text(json.dumps(record, indent=2), encoding="utf-8")
