# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German for the tooltips of the requests' fields, in the order of the English texts."""

TEXTS = {
    "A views.json to fit instead of sampling new views":
        "Eine views.json, an die angepasst wird, statt neue Ansichten zu erzeugen",
    "Absolute distance; default: the image's": "Absoluter Abstand; Vorgabe: der des Bildes",
    "Absolute, degrees above the horizon; default: the image's":
        "Absolut, Grad über dem Horizont; Vorgabe: die des Bildes",
    "Also keep the images and cameras as files, in Objaverse's layout":
        "Die Bilder und Kameras auch als Dateien behalten, wie Objaverse sie anordnet",
    "Amount of fresh noise per step, 0 to 1 (ddim only)":
        "Menge an frischem Rauschen je Schritt, 0 bis 1 (nur DDIM)",
    "Auto copies print and edges of the image into the views near its camera, off leaves the views "
    "as the model generates them":
        "Automatisch überträgt Aufdruck und Kanten des Bildes in die Ansichten nahe seiner Kamera; "
        "„Aus“ lässt die Ansichten, wie das Modell sie zeichnet",
    "Auto recentres an object that is too large, too small or off centre for the models, fit "
    "always does, keep leaves the image as it is framed":
        "Automatisch zentriert ein Objekt, das für die Modelle zu groß, zu klein oder nicht mittig "
        "ist; „Einpassen“ zentriert immer, „Behalten“ lässt das Bild, wie es ist",
    "Basis of the estimate: the image, from which a small network estimates it, or how well views "
    "sampled from the model fit together":
        "Grundlage der Schätzung: das Bild, aus dem ein kleines Netz sie berechnet, oder wie gut "
        "vom Modell erzeugte Ansichten zusammenpassen",
    "Blender, or a Python with bpy, used for rendering; empty searches for one":
        "Blender, oder ein Python mit bpy, mit dem gerendert wird; leer sucht eines",
    "Classifier-free guidance scale; 0 uses the default of the model or the method":
        "Stärke der klassifikatorfreien Führung; 0 nimmt die des Modells oder des Verfahrens",
    "Denoising steps; 0 uses the model's default":
        "Schritte der Entrauschung; 0 nimmt die Vorgabe des Modells",
    "Denoising steps; 0 uses the pipeline's default":
        "Schritte der Entrauschung; 0 nimmt die Zahl der Pipeline",
    "Distance of the camera that took the image to the object's centre":
        "Abstand der Kamera, die das Bild aufnahm, zur Mitte des Objekts",
    "Elevation of the camera that took the image, degrees above the horizon; it is estimated if no "
    "number is given":
        "Höhenwinkel der Kamera, die das Bild aufnahm, in Grad über dem Horizont; er wird "
        "geschätzt, wo keine Zahl angegeben ist",
    "Folder of .glb, .gltf, .obj, .fbx or .blend files, or one of them":
        "Ordner mit .glb-, .gltf-, .obj-, .fbx- oder .blend-Dateien oder eine davon",
    "Folder of rendered views, or of 3D models, which are rendered first":
        "Ordner mit gerenderten Ansichten oder mit 3D-Modellen, die zuerst gerendert werden",
    "How closely to follow the text; 0 uses the pipeline's default, 1 switches guidance off, as "
    "turbo models need":
        "Wie genau dem Text gefolgt wird; 0 nimmt die Stärke der Pipeline, 1 ist keine, wie für "
        "Turbo-Modelle",
    "How the camera pose is passed to the model, if its folder does not state it: zero123 for "
    "Zero-1-to-3 and Zero123-XL, stable for Stable Zero123":
        "Wie dem Modell die Kamerapose übergeben wird, falls sein Ordner es nicht angibt: zero123 "
        "für Zero-1-to-3 und Zero123-XL, stable für Stable Zero123",
    "How the shape is found: fitted to sampled views; predicted from the image in a few seconds, "
    "without a diffusion model (direct); or by score distillation (sds) or Score Jacobian Chaining "
    "(sjc, for original models) from the image alone":
        "Wie die Form gefunden wird: an erzeugte Ansichten angepasst; in wenigen Sekunden ohne "
        "Diffusionsmodell aus dem Bild vorhergesagt (direct); oder durch Score Distillation (sds) "
        "oder Score Jacobian Chaining (sjc, für Originalmodelle) aus dem Bild allein",
    "Independent samples each view from the image alone; fused samples them one after the other, "
    "each from the image and the views before it, which takes several times as long":
        "„Unabhängig“ erzeugt jede Ansicht nur aus dem Bild; „Verknüpft“ erzeugt sie nacheinander, "
        "jede aus dem Bild und den Ansichten davor, was ein Mehrfaches der Zeit braucht",
    "Keep the background instead of cutting the object out":
        "Den Hintergrund behalten, statt das Objekt freizustellen",
    "Learning rate of the UNet; the projection's is ten times as high":
        "Lernrate des UNets; die der Projektion ist zehnmal so hoch",
    "Model to start from, as for views": "Modell, von dem ausgegangen wird, wie für Ansichten",
    "Name from the catalogue, or a folder in diffusers layout":
        "Name aus dem Katalog oder ein Ordner im Diffusers-Format",
    "Number format of the computation; auto uses bf16 if the device supports it in hardware":
        "Zahlenformat der Rechnung; auto nimmt bf16, wo das Gerät dafür gemacht ist",
    "Number format of the networks; auto uses bfloat16 or float16 on a GPU, float32 on the CPU":
        "Zahlenformat der Netze; auto nimmt auf einer GPU bfloat16 oder float16, auf der CPU "
        "float32",
    "Number of objects rendered at once, each in its own process":
        "Anzahl der Objekte, die gleichzeitig gerendert werden, jedes in einem eigenen Prozess",
    "Number of views around the object, instead of a list of angles":
        "Anzahl der Ansichten um das Objekt statt einer Liste von Winkeln",
    "Optimisation steps; 0 uses the method's default (views 150 for nano, 300 for original models "
    "and for given views, for original models on a GPU 900; sds 600, sjc 10000)":
        "Schritte der Optimierung; 0 nimmt die eigene Zahl der Methode (views 150 für nano, 300 "
        "für originale Modelle und vorhandene Ansichten, für originale Modelle auf einer GPU 900; "
        "sds 600, sjc 10000)",
    "Pairs of views per step, summed over all processes":
        "Paare von Ansichten in einem Schritt, aller Prozesse zusammen",
    "Rank of a LoRA of the attention layers, for cards with little memory; 0 trains all weights":
        "Rang einer LoRA der Attention-Schichten, für Karten mit wenig Speicher; 0 trainiert alle "
        "Gewichte",
    "Recompute parts of the UNet in the backward pass, which needs less memory and more time":
        "Teile des UNets im Rückwärtsdurchlauf neu berechnen, was weniger Speicher und mehr Zeit "
        "braucht",
    "Relative to the image, degrees; positive = camera moves to its right":
        "Relativ zum Bild, in Grad; positiv = die Kamera bewegt sich nach rechts",
    "Representation of density and colour: a voxel grid, or a hash grid with a network (slower)":
        "Darstellung von Dichte und Farbe: ein Voxelgitter oder ein Hash-Gitter mit Netz "
        "(langsamer)",
    "Resume the same job where it was stopped":
        "Denselben Auftrag dort fortsetzen, wo er angehalten wurde",
    "Rounds after the fit to views in which the model improves renderings of the fitted shape, "
    "which are then fitted again":
        "Runden nach der Anpassung an Ansichten, in denen das Modell Bilder der gefundenen Form "
        "verbessert, an die dann neu angepasst wird",
    "Sample the views that agree least with the others once more with another seed, and keep the "
    "better ones":
        "Die Ansichten, die am wenigsten zu den anderen passen, mit einem anderen Startwert noch "
        "einmal erzeugen und die besseren behalten",
    "Side of the square texture in pixels; 0 follows the image":
        "Seite der quadratischen Textur in Pixeln; 0 richtet sich nach dem Bild",
    "Steps between two preview images of the training":
        "Schritte zwischen zwei Vorschaubildern des Trainings",
    "Steps of score distillation at small noise after the fit to views":
        "Schritte der Score Distillation bei kleinem Rauschen nach der Anpassung an Ansichten",
    "Text-to-image model: a folder in diffusers layout, or the name of one in the Hugging Face "
    "cache":
        "Text-zu-Bild-Modell: ein Ordner im Diffusers-Format oder der Name eines Modells im "
        "Hugging-Face-Cache",
    "Time limit for an object in seconds; an object that takes longer is left out":
        "Zeitgrenze für ein Objekt in Sekunden; ein Objekt, das länger braucht, wird ausgelassen",
    "Views to sample, on two rings of elevation":
        "Zu erzeugende Ansichten, auf zwei Ringen verschiedener Höhe",
    "Voxels along each side of the field, from 32; 0 uses the model's default (96, for original "
    "models on a GPU 160)":
        "Voxel entlang jeder Seite des Feldes, ab 32; 0 nimmt die eigene Zahl des Modells (96, bei "
        "originalen Modellen auf einer GPU 160)",
    "What the image should show: one object": "Was das Bild zeigen soll: ein Objekt",
    "What the image's transparency means: auto decides by its content whether it is a finished "
    "cut-out, trust takes it as it is, ignore removes the background":
        "Was die Transparenz des Bildes bedeutet: „Automatisch“ entscheidet nach dem Inhalt, ob es "
        "schon freigestellt ist, „Vertrauen“ übernimmt sie, „Ignorieren“ entfernt den Hintergrund",
    "Width and height in pixels, rounded to a multiple of 8; 0 uses the model's default":
        "Breite und Höhe in Pixeln, auf ein Vielfaches von 8 gerundet; 0 nimmt die des Modells",
    "Width and height of an image in pixels": "Breite und Höhe eines Bildes in Pixeln",
    "Words added to the prompt, so that the object can be cut out; may be empty":
        "Wörter, die an den Text gehängt werden, damit sich das Objekt freistellen lässt; darf "
        "leer sein",
    "Write mesh.obj, with material and texture, beside mesh.glb":
        "Neben mesh.glb auch mesh.obj mit Material und Textur schreiben",
    "Write mesh.ply, with colours at its vertices, beside mesh.glb":
        "Neben mesh.glb auch mesh.ply mit Farben an den Vertices schreiben",
}
