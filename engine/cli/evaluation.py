# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb `evaluate`: measures models and methods on test objects."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence, Sized
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError, ErrorCode
from ..core.image_requests import CONSISTENCIES, SAMPLERS
from ..core.own_documents import check_image, check_json
from ..core.reporting import Reporter
from ..core.request import RESUMES_HINT
from ..core.requests import BASELINES, FIELDS, METHODS
from ..core.result_place import staged_result
from ..core.staging import staged_file
from ..evaluation.defects import DEFECT_NAMES
from ..evaluation.methods import COMPARED, VARIATIONS, compare_methods, table
from .options import png_path, user_path

if TYPE_CHECKING:
    from ..evaluation.perceptual import Fid, Lpips
    from ..evaluation.views import Predictor

COMMON: dict[str, dict[str, Any]] = {
    "objects": {
        "type": user_path, "metavar": "OBJECTS",
        "help": "folder of test objects in one of these layouts: .tar shards (or views/ with them, "
                "and meshes/NAME.glb); NAME/ with input.png, views.json and mesh.glb; Google "
                "Scanned Objects with render_mvs_25/; RTMV"},
    "--model": {"default": "nano", "help": "name from the catalogue, or a folder"},
    "--iterations": {"type": int, "default": 0, "help": "0 uses the method's default"},
    "--seed": {"type": int, "default": 0},
    "--last": {"type": int, "default": 0, "metavar": "N", "help": "use only the last N objects"},
    "--count": {"type": int, "default": 0, "metavar": "N",
                "help": "use only N objects, evenly spaced"},
}
"""Arguments that several verbs share, with their keywords for `add_argument`."""


def add_parsers(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb `evaluate`."""
    evaluate = subparsers.add_parser("evaluate", help="measure a model on rendered test objects")
    verbs = evaluate.add_subparsers(dest="evaluate_verb", required=True)
    for add in (_add_views, _add_sheet, _add_meshes, _add_consistency, _add_methods,
                _add_report):
        add(verbs)


def _add_common(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add arguments of `COMMON`."""
    for name in names:
        parser.add_argument(name, **COMMON[name])


def _add_views(verbs: Any) -> None:
    views = verbs.add_parser("views", help="PSNR, SSIM, silhouette IoU and a perceptual distance "
                             "of novel views")
    _add_common(views, "objects", "--model", "--seed", "--last")
    views.add_argument("--steps", type=int, default=0, help="0 uses the model's default")
    views.add_argument("--guidance", type=float, default=0.0, help="0 uses the model's default")
    views.add_argument("--sampler", choices=SAMPLERS, default="dpm++")
    views.add_argument("--detail", choices=("auto", "off"), default="off",
                       help="auto adds the detail of the input image to the model's views, as the "
                            "job `views` does")
    views.add_argument("--diversity", type=int, default=0, metavar="K",
                       help="also report how much K samples of the same view differ")
    views.add_argument("--first", type=int, default=0, metavar="N",
                       help="use only the first N objects")
    views.add_argument("--training", type=user_path, metavar="WORK",
                       help="working folder of a training (after `dataset unpack`): adds the "
                       "baselines that need its views")
    views.add_argument("--lpips", type=user_path, metavar="FILE",
                       help="torchvision's VGG-16 or AlexNet weights for LPIPS; default: "
                       "$ZERO123_LPIPS, then metrics/ in the models folder. Without these weights, "
                       "GMSD replaces LPIPS")
    views.add_argument("--fid", type=user_path, metavar="FILE",
                       help="torch-fidelity's Inception-v3 weights for FID; default: "
                       "$ZERO123_FID, then metrics/ in the models folder")
    views.add_argument("--image-variations", type=user_path, metavar="DIR", help="folder of "
                       "sd-image-variations in diffusers layout: adds the paper's baseline")
    views.add_argument("--out", type=user_path, help="also write the table as JSON")
    views.set_defaults(run=_evaluate_views)


def _add_sheet(verbs: Any) -> None:
    sheet = verbs.add_parser("sheet", help="draw inputs and views around the objects")
    sheet.add_argument("shards", type=user_path, metavar="SHARDS", help="folder of .tar shards")
    _add_common(sheet, "--model", "--seed", "--last")
    sheet.add_argument("--count", type=int, default=8, help="number of objects, evenly spaced")
    sheet.add_argument("--view-count", type=int, default=8, help="views of each object")
    sheet.add_argument("--out", type=png_path, required=True, metavar="PNG")
    sheet.set_defaults(run=_sheet)


def _add_meshes(verbs: Any) -> None:
    meshes = verbs.add_parser("meshes", help="Chamfer distance, F-score and volumetric IoU of "
                              "reconstructions")
    _add_common(meshes, "objects", "--model", "--iterations", "--seed", "--last", "--count")
    meshes.add_argument("--out", type=user_path, required=True, metavar="DIR",
                        help="folder for NAME/mesh.glb and scores.json; objects whose mesh is "
                        "already there are not reconstructed again")
    meshes.add_argument("--predictions", type=user_path, metavar="DIR",
                        help="score this folder's NAME.glb, .obj, .ply, .stl (meshes) or .ply, "
                        ".npz, .npy, .xyz (points: no IoU) instead of reconstructing")
    meshes.add_argument("--up", choices=("y", "z"), default="", help="vertical axis of the "
                        "predictions; default: y in .glb and .obj, z in the others")
    meshes.add_argument("--align", choices=("none", "scale", "icp"), default="scale",
                        help="alignment before the comparison: none (the shape is in the true "
                        "mesh's frame, longest side 1), scale (longest sides and centres of the "
                        "bounding boxes), or ICP after that")
    meshes.add_argument("--protocol", choices=("zero123", "syncdreamer"), default="zero123",
                        help="the project's metrics, or SyncDreamer's: points visible in 16 depth "
                        "maps and a volume grid over [-1, 1]^3, without alignment")
    meshes.add_argument("--views", choices=("model", "truth"), default="model",
                        help="fit the model's views, or renderings of the true mesh")
    meshes.add_argument("--method", choices=METHODS + BASELINES, default="views")
    meshes.add_argument("--field", choices=FIELDS, default="voxels")
    meshes.add_argument("--refine", type=int, default=0, help="steps of refinement after the fit")
    meshes.add_argument("--resample", action="store_true", help="sample doubtful views once more")
    meshes.add_argument("--consistency", choices=CONSISTENCIES, default=CONSISTENCIES[0],
                        help="how views are sampled, as in `reconstruct`")
    meshes.add_argument("--view-count", type=int, default=16, help="views to sample")
    meshes.set_defaults(run=_evaluate_meshes, stopped=RESUMES_HINT)


def _add_consistency(verbs: Any) -> None:
    consistency = verbs.add_parser("consistency", help="measure how much IoU defective views cost: "
                                   "fits true views of the objects, some with known defects")
    _add_common(consistency, "objects", "--iterations", "--seed", "--last", "--count")
    consistency.add_argument("--out", type=user_path, required=True, metavar="DIR",
                             help="folder for NAME.json and consistency.json; finished "
                             "reconstructions are not repeated")
    consistency.add_argument("--defects", nargs="+", choices=DEFECT_NAMES, default=[],
                             help="default: all")
    consistency.add_argument("--bad", nargs="+", type=int, default=[0, 2, 4, 6], metavar="K",
                             help="numbers of defective views")
    consistency.add_argument("--view-count", type=int, default=16, help="views of each object")
    consistency.add_argument("--resolution", type=int, default=96,
                             help="voxels along each side of the fit")
    consistency.add_argument("--unweighted", action="store_true",
                             help="trust all views alike, to see what the weights of views are "
                             "worth (needs its own --out)")
    consistency.set_defaults(run=_evaluate_consistency, stopped=RESUMES_HINT)


def _add_methods(verbs: Any) -> None:
    methods = verbs.add_parser("methods", help="compare the methods in a Markdown table")
    _add_common(methods, "objects", "--model", "--iterations", "--seed", "--count")
    methods.add_argument("--out", type=user_path, required=True, metavar="DIR",
                         help="folder for the results, with a folder for each method; finished "
                         "reconstructions are not repeated")
    methods.add_argument("--methods", nargs="+", choices=COMPARED, default=[*COMPARED])
    methods.add_argument("--image-variations", type=user_path, metavar="DIR",
                         help="model of the method sjc-i: a folder of sd-image-variations in "
                         "diffusers layout; without it, --model is used without camera poses")
    methods.set_defaults(run=_evaluate_methods, stopped=RESUMES_HINT)


def _add_report(verbs: Any) -> None:
    report = verbs.add_parser("report", help="make tables and figures of the other results")
    report.add_argument("results", type=user_path, nargs="+", metavar="RESULT",
                        help="file of `views --out`, folder of `meshes` or `methods`, or PNG of "
                        "`sheet`")
    report.add_argument("--out", type=user_path, required=True, metavar="DIR",
                        help="folder for report.html and for the tables and figures as CSV and PNG")
    report.set_defaults(run=_report)


def _evaluate_views(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..evaluation.datasets import fitted, read_objects
    from ..evaluation.views import diversity, evaluate, pipeline_predictor, with_image_detail
    from ..models.model_cache import model_cache

    if args.out:
        check_json(args.out, "scores", "left_out")
    lpips, fid = _perceptual_metrics(args)  # before slow work
    pipeline = model_cache.get(args.model, "cpu")
    steps = args.steps or pipeline.config.default_num_inference_steps
    guidance = args.guidance or pipeline.config.default_guidance_scale
    size = pipeline.vae.config.sample_size
    problems: list[EngineError] = []
    found = read_objects(args.objects, problems.append)
    objects = [fitted(thing.rendered, size) for thing in islice(found, args.first or None)]
    objects = objects[-args.last:]
    _tell(problems, objects, reporter)
    sampling = {"steps": steps, "guidance": guidance, "sampler": args.sampler, "seed": args.seed}
    methods = {**_baselines(args), args.model: pipeline_predictor(pipeline, **sampling)}
    finish = {args.model: with_image_detail} if args.detail == "auto" else {}
    table = {name: evaluate(objects, predict, size, reporter, lpips, fid, finish.get(name))
             for name, predict in methods.items()}
    print(f"{len(objects)} objects, {size} px, {steps} steps, guidance {guidance:g}, "
          f"{args.sampler}")
    if lpips is None:
        print("the weights for LPIPS were not found: GMSD replaces it")
    _print_views(table)
    spread: dict[str, float] = {}
    if args.diversity:
        several = pipeline_predictor(pipeline, **sampling, samples=args.diversity)
        spread = diversity(objects, several, args.diversity, size, reporter)
        print(f"spread of {args.diversity} samples: "
              + ", ".join(f"{bucket} {value:.4f}" for bucket, value in spread.items()))
    if args.out:
        record = {"objects": len(objects), "size": size, **sampling, "detail": args.detail,
                  "scores": table,
                  "spread": spread, "lpips_network": lpips and lpips.network}
        _write(args.out, record, problems)
    _fail_for(problems)


def _perceptual_metrics(args: argparse.Namespace) -> tuple[Lpips | None, Fid | None]:
    """The metrics whose weights are on the computer."""
    from ..evaluation.perceptual import (
        FID_FILES,
        FID_VARIABLE,
        LPIPS_FILES,
        LPIPS_VARIABLE,
        Fid,
        Lpips,
        find_weights,
    )

    lpips_file = find_weights(args.lpips, LPIPS_VARIABLE, LPIPS_FILES)
    fid_file = find_weights(args.fid, FID_VARIABLE, FID_FILES)
    return Lpips(lpips_file) if lpips_file else None, Fid(fid_file) if fid_file else None


def _baselines(args: argparse.Namespace) -> dict[str, Predictor]:
    """The baselines that the options ask for, by their names in the table."""
    from ..evaluation.baselines import copy_input, mean_training_view, nearest_training_object
    from ..training.views import load

    methods: dict[str, Predictor] = {"copy": copy_input}
    if args.training:
        training = load(args.training / "views")
        methods["mean view"] = mean_training_view(training)
        methods["nearest"] = nearest_training_object(training)
    if args.image_variations:
        from ..evaluation.variations import image_variations

        methods["variations"] = image_variations(args.image_variations, seed=args.seed)
    return methods


def _print_views(table: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print a line for each method and bucket; FID is computed from all views together."""
    titles = {"psnr": "PSNR", "ssim": "SSIM", "silhouette_iou": "IoU", "gmsd": "GMSD",
              "lpips": "LPIPS", "fid": "FID"}
    first = next(iter(table.values()))["all"]
    print(f"{'method':12} {'azimuth':8}", *(f"{titles[name]:>7}" for name in first))
    for name, scores in table.items():
        for bucket, row in scores.items():
            print(f"{Path(name).name:12} {bucket:8}",
                  *(f"{value:7.{2 if metric in ('psnr', 'fid') else 4}f}"
                    for metric, value in row.items()))


def _sheet(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..evaluation.contact_sheet import draw_sheet
    from ..evaluation.selection import evenly_spaced
    from ..evaluation.views import pipeline_predictor
    from ..models.model_cache import model_cache
    from ..training.shards import read_shards

    check_image(args.out)
    pipeline = model_cache.get(args.model, "cpu")
    predict = pipeline_predictor(
        pipeline, steps=pipeline.config.default_num_inference_steps,
        guidance=pipeline.config.default_guidance_scale, sampler="dpm++", seed=args.seed)
    objects = evenly_spaced(list(read_shards(args.shards))[-args.last:], args.count)
    with staged_result(args.out) as stage:
        draw_sheet(objects, predict, args.view_count, pipeline.vae.config.sample_size, stage)


def _evaluate_meshes(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..evaluation.meshes import Alignment
    from ..evaluation.reconstructions import (
        MeshEvaluation,
        evaluate_meshes,
        mean_cost,
        mean_scores,
    )

    options = {"model": args.model, "view_count": args.view_count, "seed": args.seed,
               "method": args.method, "field": args.field, "iterations": args.iterations,
               "refine": args.refine, "resample": args.resample, "consistency": args.consistency}
    args.out.mkdir(parents=True, exist_ok=True)
    check_json(args.out / "scores.json", "objects", "left_out")
    problems: list[EngineError] = []
    evaluation = MeshEvaluation(
        options, predictions=args.predictions, up=args.up, alignment=Alignment(args.align),
        protocol=args.protocol, last=args.last, count=args.count,
        perfect_views=args.views == "truth")
    scores = evaluate_meshes(args.objects, args.out, evaluation, reporter, problems.append)
    _tell(problems, scores, reporter)
    mean = mean_scores(scores)
    print("object".ljust(36), *(name.rjust(11) for name in mean))
    for name, row in [*((name, asdict(row)) for name, row in scores.items()), ("mean", mean)]:
        print(name.ljust(36), *("-".rjust(11) if value is None else f"{value:11.4f}"
                                for value in row.values()))
    if any(row.iou is None for row in scores.values()):
        print("a point cloud encloses no volume, so it has no IoU")
    cost = {} if args.predictions else mean_cost(args.out, scores)
    if cost:
        print(", ".join(f"{name} {value:.1f}" for name, value in cost.items()))
    settings = {**options, "protocol": args.protocol}
    if args.protocol == "zero123":
        settings["align"] = args.align
    record = {"options": settings, "mean": mean, "cost": cost,
              "objects": {name: asdict(row) for name, row in scores.items()}}
    _write(args.out / "scores.json", record, problems)
    _fail_for(problems)


def _evaluate_consistency(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..evaluation.consistency import (
        SETTINGS,
        ConsistencyEvaluation,
        consistency_table,
        evaluate_consistency,
        mean_ious,
    )

    settings = replace(SETTINGS, resolution=args.resolution, iterations=args.iterations,
                       seed=args.seed, view_weights=not args.unweighted)
    evaluation = ConsistencyEvaluation(
        settings, tuple(args.defects), tuple(args.bad), view_count=args.view_count, last=args.last,
        count=args.count, seed=args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    check_json(args.out / "consistency.json", "objects", "left_out")
    problems: list[EngineError] = []
    scores = evaluate_consistency(args.objects, args.out, evaluation, reporter, problems.append)
    _tell(problems, scores, reporter)
    means = mean_ious(scores)
    print(f"IoU of {len(scores)} objects by number of defective views of {args.view_count}")
    print(consistency_table(means, evaluation))
    options = {"seed": args.seed, "resolution": args.resolution, "iterations": args.iterations,
               "view_count": args.view_count, "weighted": not args.unweighted}
    record = {"options": options, "mean": means, "objects": scores}
    _write(args.out / "consistency.json", record, problems)
    _fail_for(problems)


def _tell(problems: Sequence[EngineError], usable: Sized, reporter: Reporter) -> None:
    """Report the inputs that are left out. Raises an error if none remains."""
    for problem in problems:
        reporter.log("error", f"{problem.message}; it is left out")
    if not usable:
        raise EngineError(ErrorCode.BAD_INPUT, "none of the inputs can be used",
                          problems[0].message if problems else "the test set is empty")


def _write(path: Path, record: dict[str, Any], problems: Sequence[EngineError]) -> None:
    """Write a record with the objects that were left out as JSON."""
    record = {**record, "left_out": [problem.message for problem in problems]}
    with staged_file(path) as stage:
        stage.write_text(json.dumps(record, indent=2), encoding="utf-8")


def _fail_for(problems: Sequence[EngineError]) -> None:
    """Raise an error for the exit code, at the end, if inputs were left out."""
    if problems:
        raise EngineError(ErrorCode.BAD_INPUT, f"{len(problems)} inputs were left out",
                          "all others were evaluated")


def _evaluate_methods(args: argparse.Namespace, reporter: Reporter) -> None:
    model = args.model
    if Path(model).exists():
        model = Path(model).resolve()  # the methods run in another folder
    arguments = [args.objects.resolve(), "--model", model, "--seed", args.seed,
                 "--count", args.count, "--iterations", args.iterations]
    variations = args.image_variations and args.image_variations.resolve()
    records = compare_methods(args.methods, args.out.resolve(), [str(a) for a in arguments],
                              reporter, variations)
    print(table(records))
    if VARIATIONS in records and not variations:
        print(f"{VARIATIONS}: {args.model} without camera poses replaces Image Variations")


def _report(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..evaluation.report import write_report
    from ..evaluation.results import read_results

    problems: list[EngineError] = []
    results = read_results(args.results, problems.append)
    _tell(problems, results, reporter)
    for path in write_report(results, args.out):
        reporter.artifact("report", path)
    _fail_for(problems)
