# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German, in the order of the English texts."""

TEXTS = {
    "3D Cursor": "3D-Cursor",
    "3D View": "3D-Ansicht",
    "A views.json or a mesh.glb that Zero123 has written":
        "Eine von Zero123 geschriebene views.json oder mesh.glb",
    "A views.json to fit instead of sampling new views":
        "Eine views.json, an die angepasst wird, statt neue Ansichten zu erzeugen",
    "AMD's graphics processors, on Linux": "Grafikprozessoren von AMD, unter Linux",
    "About how many faces remeshing leaves": "Wie viele Flächen nach dem Neuvernetzen etwa bleiben",
    "Absolute distance; default: the picture's": "Absoluter Abstand; Vorgabe: der des Bildes",
    "Absolute, degrees above the horizon; default: the picture's":
        "Absolut, Grad über dem Horizont; Vorgabe: die des Bildes",
    "Active image: {}": "Aktives Bild: {}",
    "Add Zero123 Preset": "Zero123-Vorlage hinzufügen",
    "Also OBJ": "Auch OBJ",
    "Also PLY": "Auch PLY",
    "Apple's processors": "Prozessoren von Apple",
    "Around the 3D cursor": "Um den 3D-Cursor",
    "Around the world's origin": "Um den Ursprung der Welt",
    "As Made": "Wie erzeugt",
    "As in Picture": "Wie im Bild",
    "Automatic": "Automatisch",
    "Azimuth": "Azimut",
    "Backend": "Backend",
    "Base on Ground": "Auf den Boden stellen",
    "Bring views or a mesh from the disk into the scene, in one undo step":
        "Ansichten oder ein Mesh von der Festplatte in die Szene holen, in einem Rückgängig-"
        "Schritt",
    "CPU": "CPU",
    "CUDA": "CUDA",
    "Camera": "Kamera",
    "Camera of Picture": "Kamera des Bildes",
    "Cancel Job": "Auftrag abbrechen",
    "Cancel Zero123 Engine Installation": "Installation der Zero123-Engine abbrechen",
    "Cancelled": "Abgebrochen",
    "Cancelling": "Wird abgebrochen",
    "Check Again": "Erneut prüfen",
    "Check Zero123 Setup": "Zero123-Einrichtung prüfen",
    "Choose Its Python": "Python der Engine wählen",
    "Choose a picture of one object": "Ein Bild mit einem Objekt wählen",
    "Choose several picture files, and have views or a mesh made of each":
        "Mehrere Bilddateien wählen und aus jeder Ansichten oder ein Mesh erzeugen",
    "Classifier-free guidance scale; 0 takes the model's or the method's own":
        "Stärke der klassifikatorfreien Führung; 0 nimmt die des Modells oder des Verfahrens",
    "Clear": "Leeren",
    "Clear Ended Jobs": "Beendete Aufträge entfernen",
    "Copy Error": "Fehler kopieren",
    "Copy Report": "Bericht kopieren",
    "Copy Zero123 Log": "Zero123-Protokoll kopieren",
    "Copy Zero123 Report": "Zero123-Bericht kopieren",
    "Copy a failed job's message, to search for it or report it":
        "Die Meldung eines gescheiterten Auftrags kopieren, um sie zu suchen oder zu melden",
    "Copy what a report of a problem needs: versions, devices, folders, what is wrong":
        "Kopieren, was eine Problemmeldung braucht: Versionen, Geräte, Ordner, was nicht stimmt",
    "Copy what the engine has written about its work, to report a problem":
        "Kopieren, was die Engine über ihre Arbeit geschrieben hat, um ein Problem zu melden",
    "Cut out and recentre even a square picture with alpha":
        "Auch ein quadratisches Bild mit Alphakanal freistellen und zentrieren",
    "Cut the object out of a picture; the cut-out becomes the picture to work with":
        "Das Objekt eines Bildes freistellen; mit dem Ergebnis wird weitergearbeitet",
    "Cut-Out": "Freisteller",
    "DDIM": "DDIM",
    "DPM-Solver++": "DPM-Solver++",
    "Decimate": "Dezimieren",
    "Denoising steps; 0 takes the model's own default":
        "Schritte der Entrauschung; 0 nimmt die Vorgabe des Modells",
    "Device": "Gerät",
    "Different samples of every view": "Verschiedene Proben jeder Ansicht",
    "Distance of the camera that took the picture to the object's centre":
        "Abstand der Kamera, die das Bild aufnahm, zur Mitte des Objekts",
    "Done": "Fertig",
    "Draw another result instead of the same one": "Ein anderes Ergebnis ziehen statt desselben",
    "Elevation": "Höhenwinkel",
    "Elevation of the camera that took the picture, degrees above the horizon":
        "Höhenwinkel der Kamera, die das Bild aufnahm, in Grad über dem Horizont",
    "Engine": "Engine",
    "Engine Python": "Python der Engine",
    "Engine: {}": "Engine: {}",
    "Eta": "Eta",
    "Even quads; the texture becomes vertex colours":
        "Gleichmäßige Vierecke; die Textur wird zu Vertexfarben",
    "Existing Views": "Vorhandene Ansichten",
    "Faces": "Flächen",
    "Failed": "Gescheitert",
    "Fewer triangles; the texture stays": "Weniger Dreiecke; die Textur bleibt",
    "Field": "Feld",
    "File": "Datei",
    "Fit": "Anpassen",
    "Folder of wheels to install from; without one they are downloaded":
        "Ordner mit Wheels, aus dem installiert wird; ohne ihn werden sie heruntergeladen",
    "Folder that receives the results": "Ordner für die Ergebnisse",
    "Forget the jobs that have ended; their files and what was imported stay":
        "Beendete Aufträge vergessen; ihre Dateien und das Importierte bleiben",
    "Fresh noise per step, 0 to 1 (ddim only)": "Frisches Rauschen je Schritt, 0 bis 1 (nur DDIM)",
    "Generate Views": "Ansichten erzeugen",
    "Generate Views of Selected": "Ansichten der Ausgewählten erzeugen",
    "Generate views of every picture": "Von jedem Bild Ansichten erzeugen",
    "Go on where the same reconstruction was stopped":
        "Dort weitermachen, wo dieselbe Rekonstruktion angehalten wurde",
    "Guidance": "Führung",
    "Hash": "Hash",
    "Have the engine drop its loaded model as soon as no job runs; the next job loads it again":
        "Die Engine das geladene Modell freigeben lassen, sobald kein Auftrag läuft; der nächste "
        "lädt es wieder",
    "Have the object of a picture drawn from other sides, as reference planes with cameras":
        "Das Objekt eines Bildes von anderen Seiten zeichnen lassen, als Referenzebenen mit "
        "Kameras",
    "Have views or a mesh made of the picture of every selected image empty or plane":
        "Aus dem Bild jedes ausgewählten Bild-Empties und jeder Ebene Ansichten oder ein Mesh "
        "erzeugen",
    "History": "Verlauf",
    "How noise is removed": "Wie das Rauschen entfernt wird",
    "How the shape is found: fitted to sampled views, or by score distillation (sds) or Score "
    "Jacobian Chaining (sjc, for original models) from the picture alone":
        "Wie die Form gefunden wird: an erzeugte Ansichten angepasst, oder durch Score "
        "Distillation (sds) oder Score Jacobian Chaining (sjc, für Originalmodelle) aus dem Bild "
        "allein",
    "Hull": "Hülle",
    "Image": "Bild",
    "Import Files": "Dateien importieren",
    "Import Zero123 Result": "Zero123-Ergebnis importieren",
    "Input": "Eingabe",
    "Input Elevation": "Höhenwinkel der Eingabe",
    "Input Radius": "Abstand der Eingabe",
    "Install Zero123 Engine": "Zero123-Engine installieren",
    "Installing": "Wird installiert",
    "Iterations": "Iterationen",
    "Job": "Auftrag",
    "Job of this session whose result to import":
        "Auftrag dieser Sitzung, dessen Ergebnis importiert wird",
    "Jobs": "Aufträge",
    "Keep the settings under a name, or remove the chosen preset":
        "Die Einstellungen unter einem Namen merken oder die gewählte Vorlage entfernen",
    "Lift the mesh, and the views with it, until it stands on the location":
        "Das Mesh und mit ihm die Ansichten anheben, bis es auf dem Ort steht",
    "Load model": "Modell laden",
    "Location": "Ort",
    "Longest side of the object; 0 keeps about 1 unit":
        "Längste Seite des Objekts; 0 lässt etwa 1 Einheit",
    "Look again which results are in the results folder":
        "Erneut nachsehen, welche Ergebnisse im Ergebnisordner liegen",
    "Make": "Erzeugen",
    "Make a textured mesh of the object of a picture, from views of all its sides":
        "Aus dem Objekt eines Bildes ein texturiertes Mesh machen, aus Ansichten aller Seiten",
    "Make the engine's own Python and download its libraries into it, which takes gigabytes":
        "Das eigene Python der Engine anlegen und ihre Bibliotheken hineinladen, einige Gigabyte",
    "Mesh": "Mesh",
    "Mesh Planes": "Mesh-Ebenen",
    "Mesh from Picture": "Mesh aus Bild",
    "Meshes": "Meshes",
    "Metal": "Metal",
    "Method": "Verfahren",
    "Minutes without work after which the engine drops its model; 0 keeps it":
        "Minuten ohne Arbeit, nach denen die Engine ihr Modell entlädt; 0 behält es",
    "Mode": "Modus",
    "Model": "Modell",
    "Model Folder": "Modellordner",
    "Model and Quality": "Modell und Qualität",
    "NVIDIA's graphics processors": "Grafikprozessoren von NVIDIA",
    "Name from the catalogue, or a folder in diffusers layout":
        "Name aus dem Katalog oder ein Ordner im Diffusers-Format",
    "Name of the image to start from; empty takes the active one":
        "Name des Bildes, von dem ausgegangen wird; leer nimmt das aktive",
    "New Seed": "Neuer Startwert",
    "No graphics processor; the smallest download":
        "Kein Grafikprozessor; am wenigsten herunterzuladen",
    "Not running": "Läuft nicht",
    "One view from a chosen side": "Eine Ansicht von einer gewählten Seite",
    "Open Zero123 Log": "Zero123-Protokoll öffnen",
    "Open what the engine has written about its work as a text, in a window of its own":
        "Was die Engine über ihre Arbeit geschrieben hat, als Text in einem eigenen Fenster öffnen",
    "Optimisation steps; 0 takes the method's own number (views 300, sds 600, sjc 10000)":
        "Optimierungsschritte; 0 nimmt die Zahl des Verfahrens (views 300, sds 600, sjc 10000)",
    "Orbit": "Umlauf",
    "Origin": "Ursprung",
    "Out": "Ausgabe",
    "Paste": "Einfügen",
    "Paste Picture": "Bild einfügen",
    "Picture": "Bild",
    "Picture file to start from, instead of an image":
        "Bilddatei, von der statt von einem Bild ausgegangen wird",
    "Picture from 3D View": "Bild aus 3D-Ansicht",
    "Picture from Render": "Bild aus Rendering",
    "Picture of one object": "Bild eines Objekts",
    "Picture of one object; if none is chosen, the active image is taken":
        "Bild eines Objekts; ist keines gewählt, wird das aktive Bild genommen",
    "Picture to 3D": "Bild zu 3D",
    "Planes": "Ebenen",
    "Prepare": "Vorbereiten",
    "Preview Input": "Eingabe zeigen",
    "Python": "Python",
    "Python that has the engine's libraries; empty looks for one":
        "Python mit den Bibliotheken der Engine; leer sucht eines",
    "QuadriFlow": "QuadriFlow",
    "Quads that follow the shape; the texture becomes vertex colours":
        "Vierecke, die der Form folgen; die Textur wird zu Vertexfarben",
    "Queue Pictures": "Bilder einreihen",
    "Queue Selected": "Ausgewählte einreihen",
    "ROCm": "ROCm",
    "Radius": "Abstand",
    "Ready": "Bereit",
    "Recentre": "Zentrieren",
    "Reconstruct Mesh": "Mesh rekonstruieren",
    "Reconstruct Meshes of Selected": "Meshes der Ausgewählten rekonstruieren",
    "Reconstruct a mesh from every picture": "Aus jedem Bild ein Mesh rekonstruieren",
    "Reference Images": "Referenzbilder",
    "Refine": "Verfeinern",
    "Refresh": "Auffrischen",
    "Refresh Zero123 History": "Zero123-Verlauf auffrischen",
    "Regenerate Result": "Ergebnis neu erzeugen",
    "Relative to the picture, degrees; positive = camera moves to its right":
        "Relativ zum Bild, in Grad; positiv = die Kamera bewegt sich nach rechts",
    "Release Memory": "Speicher freigeben",
    "Release Memory After": "Speicher freigeben nach",
    "Release Zero123 Memory": "Zero123-Speicher freigeben",
    "Remesh": "Neu vernetzen",
    "Remove Background": "Hintergrund entfernen",
    "Render": "Rendering",
    "Rendered too, unlit and with their transparency":
        "Werden auch gerendert, unbeleuchtet und mit ihrer Transparenz",
    "Resolution": "Auflösung",
    "Results Folder": "Ergebnisordner",
    "Results in the Scene": "Ergebnisse in der Szene",
    "Results will be kept here": "Hier werden Ergebnisse aufbewahrt",
    "Results will be listed here": "Hier werden Ergebnisse aufgeführt",
    "Resume": "Fortsetzen",
    "Run the job again that the active object comes from":
        "Den Auftrag wiederholen, aus dem das aktive Objekt stammt",
    "Running": "Läuft",
    "Same seed, same result": "Gleicher Startwert, gleiches Ergebnis",
    "Sample": "Erzeugen",
    "Sampler": "Sampler",
    "Samples": "Proben",
    "Score Distillation": "Score Distillation",
    "Score Jacobian Chaining": "Score Jacobian Chaining",
    "See whether the engine's libraries work, and which device it finds":
        "Nachsehen, ob die Bibliotheken der Engine funktionieren und welches Gerät sie findet",
    "Seed": "Startwert",
    "Seen while modelling, never rendered": "Beim Modellieren zu sehen, nie gerendert",
    "Segment": "Freistellen",
    "Set Up": "Einrichten",
    "Show the picture as the network will see it: cut out, cropped and centred":
        "Das Bild zeigen, wie das Netz es sehen wird: freigestellt, zugeschnitten und zentriert",
    "Side of the square texture in pixels": "Seite der quadratischen Textur in Pixeln",
    "Single View": "Einzelansicht",
    "Size": "Größe",
    "Start": "Starten",
    "Start Zero123 Engine": "Zero123-Engine starten",
    "Start the engine now, so that the first job needn't wait for it":
        "Die Engine jetzt starten, damit der erste Auftrag nicht auf sie warten muss",
    "Starting": "Startet",
    "Steps": "Schritte",
    "Steps of score distillation at small noise after the fit to views":
        "Schritte der Score Distillation bei kleinem Rauschen nach der Anpassung an Ansichten",
    "Stop": "Anhalten",
    "Stop Zero123 Engine": "Zero123-Engine anhalten",
    "Stop a job at its next step; nothing of it is kept":
        "Einen Auftrag beim nächsten Schritt anhalten; nichts davon bleibt",
    "Stop the engine, the jobs it works on, and give its memory back":
        "Die Engine und ihre Aufträge anhalten und ihren Speicher zurückgeben",
    "Stop the installation; the next one goes on from there, an engine from before stays":
        "Die Installation anhalten; die nächste macht dort weiter, eine frühere Engine bleibt",
    "Surface": "Oberfläche",
    "Take a picture file as the picture to work with": "Mit einer Bilddatei arbeiten",
    "Take the new views from the same elevation and distance as the picture":
        "Die neuen Ansichten aus Höhe und Abstand des Bildes aufnehmen",
    "Take the picture on the clipboard, or the picture file whose path is there":
        "Das Bild aus der Zwischenablage nehmen oder die Bilddatei, deren Pfad dort steht",
    "Take what the 3D View shows as the picture, without overlays and background":
        "Als Bild nehmen, was die 3D-Ansicht zeigt, ohne Überlagerungen und Hintergrund",
    "Take what was rendered last as the picture; nothing is rendered again":
        "Als Bild nehmen, was zuletzt gerendert wurde; es wird nicht neu gerendert",
    "Texture": "Textur",
    "Texture Size": "Texturgröße",
    "The Python to build on; empty takes Blender's":
        "Das Python, auf dem aufgebaut wird; leer nimmt das von Blender",
    "The engine's triangles with their texture": "Die Dreiecke der Engine mit ihrer Textur",
    "This many views around the object instead of a list":
        "So viele Ansichten um das Objekt statt einer Liste",
    "Triangles of the mesh": "Dreiecke des Meshes",
    "UniPC": "UniPC",
    "Unwrap": "Abwickeln",
    "Use Picture": "Bild verwenden",
    "Use as Picture": "Als Bild verwenden",
    "Use the Bundled Model": "Das mitgelieferte Modell verwenden",
    "View Count": "Anzahl der Ansichten",
    "Views": "Ansichten",
    "Views all around the object": "Ansichten rund um das Objekt",
    "Views to sample, on two rings of elevation":
        "Zu erzeugende Ansichten, auf zwei Ringen verschiedener Höhe",
    "Voxels": "Voxel",
    "Voxels along each side of the field": "Voxel entlang jeder Seite des Feldes",
    "Waiting": "Wartet",
    "Waits for Object Mode": "Wartet auf den Objektmodus",
    "What holds density and colour: a voxel grid, or a hash grid with a network (slower)":
        "Was Dichte und Farbe trägt: ein Voxelgitter oder ein Hash-Gitter mit Netz (langsamer)",
    "What the computer's drivers offer": "Was die Treiber des Computers anbieten",
    "What the engine is installed for": "Wofür die Engine installiert wird",
    "Wheels": "Wheels",
    "Where every job gets a folder; empty takes the extension's own folder":
        "Wo jeder Auftrag einen Ordner bekommt; leer nimmt den eigenen Ordner der Erweiterung",
    "Where models are kept; empty takes the engine's own folder":
        "Wo Modelle liegen; leer nimmt den eigenen Ordner der Engine",
    "Where to compute": "Wo gerechnet wird",
    "Which job; empty for all that run or wait":
        "Welcher Auftrag; leer für alle laufenden und wartenden",
    "Which job; empty for the engine itself": "Welcher Auftrag; leer für die Engine selbst",
    "Width and height in pixels; the middle of the view is taken":
        "Breite und Höhe in Pixeln; die Mitte der Ansicht wird genommen",
    "Working": "Arbeitet",
    "Write mesh.obj, with material and texture, beside mesh.glb":
        "Neben mesh.glb auch mesh.obj mit Material und Textur schreiben",
    "Write mesh.ply, with colours at its vertices, beside mesh.glb":
        "Neben mesh.glb auch mesh.ply mit Farben an den Vertices schreiben",
    "Zero123 Picture": "Zero123-Bild",
    "Zero123 Presets": "Zero123-Vorlagen",
    "Zero123 Result (.json/.glb)": "Zero123-Ergebnis (.json/.glb)",
    "Zero123: Use Picture": "Zero123: Bild verwenden",
    "auto, cpu, cuda, rocm or mps; empty takes the preferences' choice":
        "auto, cpu, cuda, rocm oder mps; leer nimmt die Wahl der Einstellungen",
    "{} left": "noch {}",
    "{}: {} faces": "{}: {} Flächen",
    "{}: {} views": "{}: {} Ansichten",
}
