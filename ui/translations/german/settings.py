# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German for the tooltips of the requests' fields, in the order of the English texts."""

TEXTS = {
    "A views.json to fit instead of sampling new views":
        "Eine views.json, an die angepasst wird, statt neue Ansichten zu erzeugen",
    "Absolute distance; default: the image's": "Absoluter Abstand; Vorgabe: der des Bildes",
    "Absolute, degrees above the horizon; default: the image's":
        "Absolut, Grad über dem Horizont; Vorgabe: die des Bildes",
    "Auto recentres an object that is too large, too small or off centre for the models, fit "
    "always does, keep leaves the image as it is framed":
        "Automatisch zentriert ein Objekt, das für die Modelle zu groß, zu klein oder nicht mittig "
        "ist; „Einpassen“ zentriert immer, „Behalten“ lässt das Bild, wie es ist",
    "Auto carries print and edges of the image into the views near its camera, off leaves the "
    "views as the model draws them":
        "Automatisch überträgt Aufdruck und Kanten des Bildes in die Ansichten nahe seiner Kamera; "
        "„Aus“ lässt die Ansichten, wie das Modell sie zeichnet",
    "Blender, or a Python that has bpy, to render with; empty looks for one":
        "Blender, oder ein Python mit bpy, mit dem gerendert wird; leer sucht eines",
    "Classifier-free guidance scale; 0 takes the model's or the method's own":
        "Stärke der klassifikatorfreien Führung; 0 nimmt die des Modells oder des Verfahrens",
    "Compute parts of the UNet twice, which takes less memory and more time":
        "Teile des UNets zweimal rechnen, was weniger Speicher und mehr Zeit braucht",
    "Denoising steps; 0 takes the model's own default":
        "Schritte der Entrauschung; 0 nimmt die Vorgabe des Modells",
    "Denoising steps; 0 takes the pipeline's own number":
        "Schritte der Entrauschung; 0 nimmt die Zahl der Pipeline",
    "Distance of the camera that took the image to the object's centre":
        "Abstand der Kamera, die das Bild aufnahm, zur Mitte des Objekts",
    "Elevation of the camera that took the image, degrees above the horizon; it is estimated where "
    "no number is given":
        "Höhenwinkel der Kamera, die das Bild aufnahm, in Grad über dem Horizont; er wird "
        "geschätzt, wo keine Zahl angegeben ist",
    "Folder of .glb, .gltf, .obj, .fbx or .blend files, or one of them":
        "Ordner mit .glb-, .gltf-, .obj-, .fbx- oder .blend-Dateien oder eine davon",
    "Folder of rendered views, or of 3D models, which are rendered first":
        "Ordner mit gerenderten Ansichten oder mit 3D-Modellen, die zuerst gerendert werden",
    "Fresh noise per step, 0 to 1 (ddim only)": "Frisches Rauschen je Schritt, 0 bis 1 (nur DDIM)",
    "How the model is told of the camera, where its folder does not say it: zero123 as Zero-1-to-3 "
    "and Zero123-XL, stable as Stable Zero123":
        "Wie dem Modell die Kamera mitgeteilt wird, wo sein Ordner es nicht sagt: zero123 wie bei "
        "Zero-1-to-3 und Zero123-XL, stable wie bei Stable Zero123",
    "How closely to follow the text; 0 takes the pipeline's own scale, 1 is none, as for turbo "
    "models":
        "Wie genau dem Text gefolgt wird; 0 nimmt die Stärke der Pipeline, 1 ist keine, wie für "
        "Turbo-Modelle",
    "How the shape is found: fitted to sampled views; predicted from the image in a few seconds, "
    "without a diffusion model (direct); or by score distillation (sds) or Score Jacobian Chaining "
    "(sjc, for original models) from the image alone":
        "Wie die Form gefunden wird: an erzeugte Ansichten angepasst; in wenigen Sekunden ohne "
        "Diffusionsmodell aus dem Bild vorhergesagt (direct); oder durch Score Distillation (sds) "
        "oder Score Jacobian Chaining (sjc, für Originalmodelle) aus dem Bild allein",
    "Keep the images and cameras as files, too, in Objaverse's layout":
        "Die Bilder und Kameras auch als Dateien behalten, wie Objaverse sie anordnet",
    "Learning rate of the UNet; the projection's is ten times as high":
        "Lernrate des UNets; die der Projektion ist zehnmal so hoch",
    "Leave the image as it is instead of cutting it out":
        "Das Bild lassen, wie es ist, statt es freizustellen",
    "Model to start from, as for views": "Modell, von dem ausgegangen wird, wie für Ansichten",
    "Name from the catalogue, or a folder in diffusers layout":
        "Name aus dem Katalog oder ein Ordner im Diffusers-Format",
    "Number format of the computation; auto takes bf16 if the device supports it in hardware":
        "Zahlenformat der Rechnung; auto nimmt bf16, wo das Gerät dafür gemacht ist",
    "Number format of the networks; auto takes bfloat16 or float16 on a GPU, float32 on the CPU":
        "Zahlenformat der Netze; auto nimmt auf einer GPU bfloat16 oder float16, auf der CPU "
        "float32",
    "Number of views around the object, instead of a list of angles":
        "Anzahl der Ansichten um das Objekt statt einer Liste von Winkeln",
    "Objects rendered at once, each by a process":
        "Objekte, die gleichzeitig gerendert werden, jedes von einem Prozess",
    "Optimisation steps; 0 takes the method's own number (views 300, for original models on a GPU "
    "900; sds 600, sjc 10000)":
        "Schritte der Optimierung; 0 nimmt die eigene Zahl der Methode (views 300, bei originalen "
        "Modellen auf einer GPU 900; sds 600, sjc 10000)",
    "Pairs of views in a step, of all processes together":
        "Paare von Ansichten in einem Schritt, aller Prozesse zusammen",
    "Rank of a LoRA of the attention layers, for cards with little memory; 0 trains all weights":
        "Rang einer LoRA der Attention-Schichten, für Karten mit wenig Speicher; 0 trainiert alle "
        "Gewichte",
    "Relative to the image, degrees; positive = camera moves to its right":
        "Relativ zum Bild, in Grad; positiv = die Kamera bewegt sich nach rechts",
    "Resume the same job where it was stopped":
        "Denselben Auftrag dort fortsetzen, wo er angehalten wurde",
    "Seconds after which an object is left out": "Sekunden, nach denen ein Objekt ausgelassen wird",
    "Side of the square texture in pixels; 0 follows the image":
        "Seite der quadratischen Textur in Pixeln; 0 richtet sich nach dem Bild",
    "Steps between two images of the training": "Schritte zwischen zwei Bildern des Trainings",
    "Steps of score distillation at small noise after the fit to views":
        "Schritte der Score Distillation bei kleinem Rauschen nach der Anpassung an Ansichten",
    "Text-to-image model: a folder in diffusers layout, or the name of one in the Hugging Face "
    "cache":
        "Text-zu-Bild-Modell: ein Ordner im Diffusers-Format oder der Name eines Modells im "
        "Hugging-Face-Cache",
    "Views to sample, on two rings of elevation":
        "Zu erzeugende Ansichten, auf zwei Ringen verschiedener Höhe",
    "Voxels along each side of the field, from 32; 0 takes the model's own number (96, for "
    "original models on a GPU 160)":
        "Voxel entlang jeder Seite des Feldes, ab 32; 0 nimmt die eigene Zahl des Modells (96, bei "
        "originalen Modellen auf einer GPU 160)",
    "What holds density and colour: a voxel grid, or a hash grid with a network (slower)":
        "Was Dichte und Farbe trägt: ein Voxelgitter oder ein Hash-Gitter mit Netz (langsamer)",
    "What the estimate is based on: the image, by a network of its own, or how well views that the "
    "model samples fit together":
        "Worauf die Schätzung beruht: auf dem Bild, durch ein eigenes Netz, oder darauf, wie gut "
        "Ansichten zusammenpassen, die das Modell erzeugt",
    "What the image is to show: one object": "Was das Bild zeigen soll: ein Objekt",
    "What the image's transparency means: auto decides by its content whether it is a finished "
    "cut-out, trust takes it as it is, ignore removes the background":
        "Was die Transparenz des Bildes bedeutet: „Automatisch“ entscheidet nach dem Inhalt, ob es "
        "schon freigestellt ist, „Vertrauen“ übernimmt sie, „Ignorieren“ entfernt den Hintergrund",
    "Width and height in pixels, rounded to a multiple of 8; 0 takes the model's own":
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
