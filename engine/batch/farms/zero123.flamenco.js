// SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A batch on a Flamenco farm: put this file into the folder `scripts` beside flamenco-manager, and
// define the variables `zero123Python` (a Python that has the engine's libraries) and
// `zero123Engine` (the folder that holds the package engine) in flamenco-manager.yaml.
//
// Every task does its part of the pictures, into a folder that all workers see; the last one writes
// the summary page and tries again what has failed. With as many tasks as pictures, each does one.

const JOB_TYPE = {
    label: "Zero123",
    description: "From pictures to new views or textured meshes",
    settings: [
        { key: "pictures", type: "string", subtype: "dir_path", required: true,
          description: "Folder of pictures" },
        { key: "results", type: "string", subtype: "dir_path", required: true,
          description: "Receives a result for every picture, status.json and index.html" },
        { key: "kind", type: "string", choices: ["reconstruct", "views"], default: "reconstruct",
          description: "What to make of every picture" },
        { key: "tasks", type: "int32", default: 1, propargs: { min: 1 },
          description: "Into how many tasks the pictures are divided" },
        { key: "model", type: "string", default: "nano",
          description: "Name of a model that the workers have, or a folder that all of them see" },
        { key: "seed", type: "int32", default: 0, propargs: { min: 0 },
          description: "Same seed, same result" },
        { key: "python", type: "string", default: "{zero123Python}" },
        { key: "engine", type: "string", default: "{zero123Engine}" },
    ],
};

const RUN = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    + "runpy.run_module('engine', run_name='__main__', alter_sys=True)";

function compileJob(job) {
    const settings = job.settings;
    const summary = batchTask("summary", settings, []);
    for (let part = 1; part <= settings.tasks; part++) {
        const name = `part-${part}-of-${settings.tasks}`;
        const task = batchTask(name, settings, ["--part", `${part}/${settings.tasks}`]);
        summary.addDependency(task);
        job.addTask(task);
    }
    job.addTask(summary);
}

function batchTask(name, settings, options) {
    const task = author.Task(name, "misc");
    task.addCommand(author.Command("exec", {
        exe: settings.python,
        args: ["-c", RUN, settings.engine, "batch", settings.pictures, "--out", settings.results,
               "--kind", settings.kind, "--model", settings.model, "--seed", `${settings.seed}`,
               ...options],
    }));
    return task;
}
