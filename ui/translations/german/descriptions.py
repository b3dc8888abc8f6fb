# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German for tooltips and sentences, in the order of the English texts."""

TEXTS = {
    "5 GB for a model as it was published": "5 GB für ein Modell, wie es veröffentlicht wurde",
    "A views.json or a mesh.glb that Zero123 has written":
        "Eine von Zero123 geschriebene views.json oder mesh.glb",
    "A views.json that Zero123 has written; empty takes the active object's":
        "Eine von Zero123 geschriebene views.json; leer nimmt die des aktiven Objekts",
    "A views.json that Zero123 has written; empty takes the active object's, else that of the "
    "picked views":
        "Eine von Zero123 geschriebene views.json; leer nimmt die des aktiven Objekts, sonst die "
        "der ausgewählten Ansichten",
    "A views.json to fit instead of sampling new views":
        "Eine views.json, an die angepasst wird, statt neue Ansichten zu erzeugen",
    "AMD's graphics processors, on Linux": "Grafikprozessoren von AMD, unter Linux",
    "About how many faces remeshing leaves": "Wie viele Flächen nach dem Neuvernetzen etwa bleiben",
    "Absolute distance; default: the picture's": "Absoluter Abstand; Vorgabe: der des Bildes",
    "Absolute, degrees above the horizon; default: the picture's":
        "Absolut, Grad über dem Horizont; Vorgabe: die des Bildes",
    "Add a camera and point it at the object": "Eine Kamera hinzufügen und auf das Objekt richten",
    "Address of a server to download models from; empty takes huggingface.co, or what HF_ENDPOINT "
    "names":
        "Adresse eines Servers, von dem Modelle geladen werden; leer nimmt huggingface.co oder "
        "was HF_ENDPOINT nennt",
    "Allow Online Access in the preferences' System section":
        "In den Einstellungen unter System den Online-Zugriff erlauben",
    "Allow Online Access in the preferences' System section, or give an offline bundle: a folder "
    "of wheels":
        "Online-Zugriff in den Einstellungen unter System erlauben, oder ein Offline-Paket "
        "angeben: einen Ordner mit Wheels",
    "An original .ckpt or .safetensors, or u2netp.onnx":
        "Eine .ckpt oder .safetensors des Originals oder u2netp.onnx",
    "Another computer to compute on, as ssh is told of it: user@computer. It must not ask for a "
    "password; empty computes on this one":
        "Ein anderer Rechner, der rechnen soll, wie ssh ihn kennt: benutzer@rechner. Er darf nach "
        "keinem Passwort fragen; leer rechnet auf diesem",
    "By the file's name, size and origin": "Nach Name, Größe und Herkunft der Datei",
    "Asked once for every model whose licence restricts its use":
        "Wird einmal für jedes Modell gefragt, dessen Lizenz die Nutzung einschränkt",
    "Blender's glTF importer is switched off": "Blenders glTF-Importer ist abgeschaltet",
    "Blender, or a Python that has bpy, to render with; empty looks for one":
        "Blender, oder ein Python mit bpy, mit dem gerendert wird; leer sucht eines",
    "Bring the files of the active object's result in once more, as they came in before":
        "Die Dateien des Ergebnisses, zu dem das aktive Objekt gehört, noch einmal hereinholen, "
        "wie sie zuvor kamen",
    "Bring views or a mesh from the disk into the scene, in one undo step":
        "Ansichten oder ein Mesh von der Festplatte in die Szene holen, in einem "
        "Rückgängig-Schritt",
    "Cancel Zero123 Engine Installation": "Installation der Zero123-Engine abbrechen",
    "Choose several picture files, and have views or a mesh made of each":
        "Mehrere Bilddateien wählen und aus jeder Ansichten oder ein Mesh erzeugen",
    "Classifier-free guidance scale; 0 takes the model's or the method's own":
        "Stärke der klassifikatorfreien Führung; 0 nimmt die des Modells oder des Verfahrens",
    "Compute parts of the UNet twice, which takes less memory and more time":
        "Teile des UNets zweimal rechnen, was weniger Speicher und mehr Zeit braucht",
    "Copy a failed job's message, to search for it or report it":
        "Die Meldung eines gescheiterten Auftrags kopieren, um sie zu suchen oder zu melden",
    "Copy what a report of a problem needs: versions, devices, folders, what is wrong":
        "Kopieren, was eine Problemmeldung braucht: Versionen, Geräte, Ordner, was nicht stimmt",
    "Copy what the engine has written about its work, to report a problem":
        "Kopieren, was die Engine über ihre Arbeit geschrieben hat, um ein Problem zu melden",
    "Auto recentres an object that is too large, too small or off centre for the models, fit "
    "always does, keep leaves the image as it is framed":
        "Automatisch zentriert ein Objekt, das für die Modelle zu groß, zu klein oder nicht mittig "
        "ist; „Einpassen“ zentriert immer, „Behalten“ lässt das Bild, wie es ist",
    "Cut the object out of a picture; the cut-out becomes the picture to work with":
        "Das Objekt eines Bildes freistellen; mit dem Ergebnis wird weitergearbeitet",
    "Damaged: remove it, then get it again": "Beschädigt: entfernen, dann neu holen",
    "Delete a model from the model folder, and what was downloaded of it":
        "Ein Modell und was davon heruntergeladen wurde aus dem Modellordner löschen",
    "Denoising steps; 0 takes the model's own default":
        "Schritte der Entrauschung; 0 nimmt die Vorgabe des Modells",
    "Denoising steps; 0 takes the pipeline's own number":
        "Schritte der Entrauschung; 0 nimmt die Zahl der Pipeline",
    "Distance of the camera that took the picture to the object's centre; the default leaves it "
    "to the framing":
        "Abstand der Kamera, die das Bild aufnahm, zur Mitte des Objekts; die Vorgabe überlässt "
        "ihn dem Bildausschnitt",
    "Download a model and turn it into what the engine reads; a stopped download goes on later":
        "Ein Modell herunterladen und für die Engine umwandeln; ein angehaltener Download geht "
        "später weiter",
    "Draw another result instead of the same one": "Ein anderes Ergebnis ziehen statt desselben",
    "Each plane fills the frame of its camera": "Jede Ebene füllt das Bild ihrer Kamera",
    "Elevation of the camera that took the picture, degrees above the horizon":
        "Höhenwinkel der Kamera, die das Bild aufnahm, in Grad über dem Horizont",
    "Even quads; the texture becomes vertex colours":
        "Gleichmäßige Vierecke; die Textur wird zu Vertexfarben",
    "Fewer triangles; the texture stays": "Weniger Dreiecke; die Textur bleibt",
    "Find out how high the picture's camera stood, from views that have to fit together":
        "Herausfinden, wie hoch die Kamera des Bildes stand, aus Ansichten, die zusammenpassen "
        "müssen",
    "Fine-tune a model on the selected objects, or on a folder of views or model files":
        "Ein Modell auf die ausgewählten Objekte abstimmen, oder auf einen Ordner mit Ansichten "
        "oder 3D-Dateien",
    "Folder of .glb, .gltf, .obj, .fbx or .blend files, or one of them":
        "Ordner mit .glb-, .gltf-, .obj-, .fbx- oder .blend-Dateien oder eine davon",
    "Folder of rendered views, or of 3D models, which are rendered first":
        "Ordner mit gerenderten Ansichten oder mit 3D-Modellen, die zuerst gerendert werden",
    "Folder of wheels that the engine is installed from; empty downloads them":
        "Ordner mit Wheels, aus dem die Engine installiert wird; leer lädt sie herunter",
    "Folder of wheels to install from; empty takes the preferences' choice":
        "Ordner mit Wheels für die Installation; leer nimmt den aus den Einstellungen",
    "For models that need an account; empty takes the one that the hub's own program keeps. Saved "
    "with Blender's preferences, never in a file of yours":
        "Für Modelle, die ein Konto verlangen; leer nimmt das, welches das Programm des Hubs "
        "aufbewahrt. Wird mit Blenders Einstellungen gespeichert, nie in einer Ihrer Dateien",
    "For research and other non-commercial use only; what is made with the model must not be sold "
    "either":
        "Nur für Forschung und andere nichtkommerzielle Nutzung; auch was mit dem Modell gemacht "
        "wird, darf nicht verkauft werden",
    "Forget a mesh or a training that was stopped or has failed, and delete what it has kept":
        "Ein angehaltenes oder fehlgeschlagenes Mesh oder Training vergessen und löschen, was es "
        "aufgehoben hat",
    "Forget the jobs that have ended and can't go on; their files and what was imported stay":
        "Beendete Aufträge vergessen, die nicht fortgesetzt werden können; ihre Dateien und das "
        "Importierte bleiben",
    "Frames of the timeline that one turn takes": "Bilder der Zeitleiste, die eine Drehung dauert",
    "Free for research and non-commercial use, and for commercial use by those whose yearly "
    "revenue is at most 1,000,000 US dollars; others need a licence of Stability AI":
        "Frei für Forschung und nichtkommerzielle Nutzung, und für kommerzielle bei einem "
        "Jahresumsatz bis 1.000.000 US-Dollar; andere brauchen eine Lizenz von Stability AI",
    "Fresh noise per step, 0 to 1 (ddim only)": "Frisches Rauschen je Schritt, 0 bis 1 (nur DDIM)",
    "Go on with a mesh or a training that was stopped or has failed, with the same settings":
        "Ein angehaltenes oder fehlgeschlagenes Mesh oder Training mit denselben Einstellungen "
        "fortsetzen",
    "Half the space, with fewer digits": "Halber Platz, mit weniger Stellen",
    "Half the space; the results differ slightly": "Halber Platz; die Ergebnisse weichen etwas ab",
    "Have a picture of an object made from a text; it becomes the picture to work with":
        "Aus einem Text das Bild eines Objekts erzeugen lassen; mit ihm wird weitergearbeitet",
    "Have the engine drop its loaded model as soon as no job runs; the next job loads it again":
        "Die Engine das geladene Modell freigeben lassen, sobald kein Auftrag läuft; der nächste "
        "lädt es wieder",
    "Have the object drawn as a camera of the scene sees it, as a plane at that camera":
        "Das Objekt so zeichnen lassen, wie eine Kamera der Szene es sieht, als Ebene an dieser "
        "Kamera",
    "Have the object of a picture drawn from other sides, as reference planes with cameras":
        "Das Objekt eines Bildes von anderen Seiten zeichnen lassen, als Referenzebenen mit "
        "Kameras",
    "Have views or a mesh made of the picture of every selected image empty or plane":
        "Aus dem Bild jedes ausgewählten Bild-Empties und jeder Ebene Ansichten oder ein Mesh "
        "erzeugen",
    "How closely to follow the text; 0 takes the pipeline's own scale, 1 is none, as for turbo "
    "models":
        "Wie genau dem Text gefolgt wird; 0 nimmt die Stärke der Pipeline, 1 ist keine, wie für "
        "Turbo-Modelle",
    "How much of the mesh the picture covers": "Wie stark das Bild das Mesh verdeckt",
    "How the camera is told to the network": "Wie dem Netz die Kamera mitgeteilt wird",
    "How the shape is found: fitted to sampled views, or by score distillation (sds) or Score "
    "Jacobian Chaining (sjc, for original models) from the picture alone":
        "Wie die Form gefunden wird: an erzeugte Ansichten angepasst, oder durch Score "
        "Distillation (sds) oder Score Jacobian Chaining (sjc, für Originalmodelle) aus dem Bild "
        "allein",
    "I Have Read and Accept the Licence": "Ich habe die Lizenz gelesen und nehme sie an",
    "In rows beside the object, seen from the front":
        "In Reihen neben dem Objekt, von vorn zu sehen",
    "Job of this session whose result to import":
        "Auftrag dieser Sitzung, dessen Ergebnis importiert wird",
    "Keep the pictures and cameras as files, too, in Objaverse's layout":
        "Die Bilder und Kameras auch als Dateien behalten, wie Objaverse sie anordnet",
    "Keep the settings under a name, or remove the chosen preset":
        "Die Einstellungen unter einem Namen merken oder die gewählte Vorlage entfernen",
    "Leave the current mode for Object Mode": "Aus dem jetzigen Modus in den Objektmodus wechseln",
    "Leave the current mode for Object Mode to import results":
        "Zum Importieren von Ergebnissen in den Objektmodus wechseln",
    "Leave the picture as it is instead of cutting it out":
        "Das Bild lassen, wie es ist, statt es freizustellen",
    "Lift the mesh, and the views with it, until it stands on the location":
        "Das Mesh und mit ihm die Ansichten anheben, bis es auf dem Ort steht",
    "List the views of the active object's result, to choose those for a mesh":
        "Die Ansichten des Ergebnisses auflisten, zu dem das aktive Objekt gehört, um die für ein "
        "Mesh auszuwählen",
    "Longest side of the object; 0 keeps about 1 unit":
        "Längste Seite des Objekts; 0 lässt etwa 1 Einheit",
    "Look again which results are in the results folder, and which jobs were stopped there":
        "Erneut nachsehen, welche Ergebnisse im Ergebnisordner liegen und welche Aufträge dort "
        "angehalten wurden",
    "Look at the mesh from where the picture was taken, with the picture over it, or go back":
        "Das Mesh von dort ansehen, wo das Bild aufgenommen wurde, mit dem Bild darüber, oder "
        "zurückkehren",
    "Make a textured mesh from the views that are ticked, with the samples that are chosen":
        "Aus den angehakten Ansichten mit ihren gewählten Proben ein texturiertes Mesh machen",
    "Make a textured mesh of the object of a picture, from views of all its sides":
        "Aus dem Objekt eines Bildes ein texturiertes Mesh machen, aus Ansichten aller Seiten",
    "Make other samples of this view alone; the first becomes the view's picture":
        "Nur von dieser Ansicht andere Proben erzeugen; die erste wird das Bild der Ansicht",
    "Make the engine's own Python and download its libraries into it, which takes gigabytes":
        "Das eigene Python der Engine anlegen und ihre Bibliotheken hineinladen, einige Gigabyte",
    "Minutes without work after which the engine drops its model; 0 keeps it":
        "Minuten ohne Arbeit, nach denen die Engine ihr Modell entlädt; 0 behält es",
    "Model to start from, as for views": "Modell, von dem ausgegangen wird, wie für Ansichten",
    "Name from the catalogue, or a folder in diffusers layout":
        "Name aus dem Katalog oder ein Ordner im Diffusers-Format",
    "Name of an object of the result to look at; empty takes the selected one, else the newest "
    "result, and without any the world's origin":
        "Name eines Objekts des Ergebnisses, auf das geblickt wird; leer nimmt das ausgewählte, "
        "sonst das neueste Ergebnis und ohne eines den Ursprung der Welt",
    "Name of the camera; empty takes the active object, else the scene's":
        "Name der Kamera; leer nimmt das aktive Objekt, sonst die der Szene",
    "Name of the image to start from; empty takes the active one":
        "Name des Bildes, von dem ausgegangen wird; leer nimmt das aktive",
    "Name of the mesh; empty takes that of the active or the newest result":
        "Name des Meshes; leer nimmt das des aktiven oder des neuesten Ergebnisses",
    "Needs an account at the hub, and its token in the preferences":
        "Braucht ein Konto beim Hub und dessen Schlüssel in den Einstellungen",
    "No graphics processor; the smallest download":
        "Kein Grafikprozessor; am wenigsten herunterzuladen",
    "No mesh or training was stopped": "Es wurde kein Mesh oder Training angehalten",
    "Number format of the computation; auto takes bf16 where the device is made for it":
        "Zahlenformat der Rechnung; auto nimmt bf16, wo das Gerät dafür gemacht ist",
    "Number format of the networks; auto takes bfloat16 or float16 on a GPU, float32 on the CPU":
        "Zahlenformat der Netze; auto nimmt auf einer GPU bfloat16 oder float16, auf der CPU "
        "float32",
    "Number of the sample in the list, from 0": "Nummer der Probe in der Liste, ab 0",
    "Number of the view in the list, from 0; -1 takes the active object's":
        "Nummer der Ansicht in der Liste, ab 0; -1 nimmt die des aktiven Objekts",
    "Objects rendered at once, each by a process":
        "Objekte, die gleichzeitig gerendert werden, jedes von einem Prozess",
    "Of the UNet; the projection learns ten times as fast":
        "Die des UNets; die Projektion lernt zehnmal so schnell",
    "Open what the engine has written about its work as a text, in a window of its own":
        "Was die Engine über ihre Arbeit geschrieben hat, als Text in einem eigenen Fenster öffnen",
    "Optimisation steps; 0 takes the method's own number (views 300, for original models on a GPU "
    "900; sds 600, sjc 10000)":
        "Schritte der Optimierung; 0 nimmt die eigene Zahl der Methode (views 300, bei originalen "
        "Modellen auf einer GPU 900; sds 600, sjc 10000)",
    "Pairs of views in a step, of all processes together":
        "Paare von Ansichten in einem Schritt, aller Prozesse zusammen",
    "Partly downloaded: download it again to go on":
        "Teilweise geladen: erneut herunterladen, um fortzufahren",
    "Picture file to start from, instead of an image":
        "Bilddatei, von der statt von einem Bild ausgegangen wird",
    "Picture of one object; if none is chosen, the active image is taken":
        "Bild eines Objekts; ist keines gewählt, wird das aktive Bild genommen",
    "Python that has the engine's libraries; empty looks for one":
        "Python mit den Bibliotheken der Engine; leer sucht eines",
    "QuadriFlow can't remesh this mesh": "QuadriFlow kann dieses Mesh nicht neu vernetzen",
    "Quads that follow the shape; the texture becomes vertex colours":
        "Vierecke, die der Form folgen; die Textur wird zu Vertexfarben",
    "Rank of a LoRA of the attention layers, for cards with little memory; 0 trains all weights":
        "Rang einer LoRA der Attention-Schichten, für Karten mit wenig Speicher; 0 trainiert alle "
        "Gewichte",
    "Read all files of a model and compare them with their digests":
        "Alle Dateien eines Modells lesen und mit ihren Prüfsummen vergleichen",
    "Read and accept the licence of a model that is here; it is not used before":
        "Die Lizenz eines vorhandenen Modells lesen und annehmen; vorher wird es nicht benutzt",
    "Reconstruct a mesh from every picture": "Aus jedem Bild ein Mesh rekonstruieren",
    "Relative to the picture, degrees; positive = camera moves to its right":
        "Relativ zum Bild, in Grad; positiv = die Kamera bewegt sich nach rechts",
    "Render the selected objects, or a folder of model files, from many sides, to train on":
        "Die ausgewählten Objekte oder einen Ordner mit 3D-Dateien von vielen Seiten rendern, um "
        "daran zu trainieren",
    "Rendered too, unlit and with its transparency. The view transforms AgX and Filmic change "
    "its colours, Standard does not":
        "Wird auch gerendert, unbeleuchtet und mit ihrer Transparenz. Die Ansichtstransformationen "
        "AgX und Filmic verändern ihre Farben, Standard nicht",
    "Rendered too, unlit and with their transparency. The view transforms AgX and Filmic change "
    "their colours, Standard does not":
        "Werden auch gerendert, unbeleuchtet und mit ihrer Transparenz. Die "
        "Ansichtstransformationen AgX und Filmic verändern ihre Farben, Standard nicht",
    "Results can be imported when the render is finished":
        "Ergebnisse können importiert werden, wenn das Rendern beendet ist",
    "Resume the same job where it was stopped":
        "Denselben Auftrag dort fortsetzen, wo er angehalten wurde",
    "Run the job again that the active object comes from":
        "Den Auftrag wiederholen, aus dem das aktive Objekt stammt",
    "Same seed, same samples; -1 takes a new one":
        "Gleicher Startwert, gleiche Proben; -1 nimmt einen neuen",
    "Seconds after which an object is given up": "Sekunden, nach denen ein Objekt aufgegeben wird",
    "See whether the engine's libraries work, and which device it finds":
        "Nachsehen, ob die Bibliotheken der Engine funktionieren und welches Gerät sie findet",
    "Seen while modelling, never rendered": "Beim Modellieren zu sehen, nie gerendert",
    "Select a plane, camera or mesh that Zero123 has made":
        "Eine von Zero123 gemachte Ebene, Kamera oder ein solches Mesh auswählen",
    "Select a view that Zero123 has made, or pick a result's views":
        "Eine von Zero123 gemachte Ansicht oder die Ansichten eines Ergebnisses auswählen",
    "Select image empties or planes with a picture":
        "Bild-Empties oder Ebenen mit einem Bild auswählen",
    "Show all samples of this view to choose from, or hide them again":
        "Alle Proben dieser Ansicht zur Auswahl zeigen oder wieder ausblenden",
    "Show each view's picture in its camera, behind what that sees":
        "Das Bild jeder Ansicht in ihrer Kamera zeigen, hinter dem, was sie sieht",
    "Show the orbit of views on one plane that turns as the timeline plays":
        "Den Umlauf der Ansichten auf einer Ebene zeigen, die sich mit der Zeitleiste dreht",
    "Show the picture as the network will see it: cut out, cropped and centred":
        "Das Bild zeigen, wie das Netz es sehen wird: freigestellt, zugeschnitten und zentriert",
    "Show where the view is taken from; drag the handle to choose the side":
        "Zeigen, von wo die Ansicht aufgenommen wird; den Griff ziehen, um die Seite zu wählen",
    "Side of the square texture in pixels": "Seite der quadratischen Textur in Pixeln",
    "Stable Zero123 C, trained on CC-BY and CC0 objects":
        "Stable Zero123 C, an Objekten unter CC-BY und CC0 trainiert",
    "Start the engine now, so that the first job needn't wait for it":
        "Die Engine jetzt starten, damit der erste Auftrag nicht auf sie warten muss",
    "Steps between two pictures of the training": "Schritte zwischen zwei Bildern des Trainings",
    "Steps of score distillation at small noise after the fit to views":
        "Schritte der Score Distillation bei kleinem Rauschen nach der Anpassung an Ansichten",
    "Stop a job at its next step; only a mesh or a training can go on from there":
        "Einen Auftrag beim nächsten Schritt anhalten; nur ein Mesh oder ein Training kann von "
        "dort aus weitergehen",
    "Stop the engine, the jobs it works on, and give its memory back":
        "Die Engine und ihre Aufträge anhalten und ihren Speicher zurückgeben",
    "Stop the installation; the next one goes on from there, an engine from before stays":
        "Die Installation anhalten; die nächste macht dort weiter, eine frühere Engine bleibt",
    "Stop what is being done with a model; what was downloaded is kept":
        "Anhalten, was mit einem Modell geschieht; Heruntergeladenes bleibt",
    "Take a picture file as the picture to work with": "Mit einer Bilddatei arbeiten",
    "Take the new views from the same elevation and distance as the picture":
        "Die neuen Ansichten aus Höhe und Abstand des Bildes aufnehmen",
    "Take the picture on the clipboard, or the picture file whose path is there":
        "Das Bild aus der Zwischenablage nehmen oder die Bilddatei, deren Pfad dort steht",
    "Take the view from where the camera is; else from its direction, at the picture's distance":
        "Die Ansicht von dort nehmen, wo die Kamera ist; sonst aus ihrer Richtung, im Abstand des "
        "Bildes",
    "Take this sample for the view, also at its plane in the scene":
        "Diese Probe für die Ansicht nehmen, auch auf ihrer Ebene in der Szene",
    "Take what the 3D View shows as the picture, without overlays and background":
        "Als Bild nehmen, was die 3D-Ansicht zeigt, ohne Überlagerungen und Hintergrund",
    "Take what was rendered last as the picture; nothing is rendered again":
        "Als Bild nehmen, was zuletzt gerendert wurde; es wird nicht neu gerendert",
    "Text-to-image model: a folder in diffusers layout, or the name of one in the Hugging Face "
    "cache":
        "Text-zu-Bild-Modell: ein Ordner im Diffusers-Format oder der Name eines Modells im "
        "Hugging-Face-Cache",
    "The .mp4 file to write; empty takes turntable.mp4 beside the views":
        "Die zu schreibende .mp4-Datei; leer nimmt turntable.mp4 neben den Ansichten",
    "The Python to build on; empty takes Blender's":
        "Das Python, auf dem aufgebaut wird; leer nimmt das von Blender",
    "The authors have stated no licence for these weights, so that nobody has been allowed "
    "anything; whoever uses them has to answer for it":
        "Die Urheber haben für diese Gewichte keine Lizenz genannt, niemandem ist also etwas "
        "erlaubt; wer sie benutzt, muss es verantworten",
    "The engine has not written anything yet": "Die Engine hat noch nichts geschrieben",
    "The engine's triangles with their texture": "Die Dreiecke der Engine mit ihrer Textur",
    "The last training step's weights instead of the averaged ones":
        "Die Gewichte des letzten Trainingsschritts statt der gemittelten",
    "The original's .yaml, if the model isn't one of the released ones":
        "Die .yaml des Originals, wenn das Modell keines der veröffentlichten ist",
    "There, a Python that has the engine's libraries; the default is where python -m engine "
    "install puts it":
        "Dort ein Python mit den Bibliotheken der Engine; vorgegeben ist, wo python -m engine "
        "install es anlegt",
    "There, the folder that this extension's archive was unpacked into":
        "Dort der Ordner, in den das Archiv dieser Erweiterung entpackt wurde",
    "This job is not remembered any more; import its files instead":
        "Dieser Auftrag ist nicht mehr bekannt; stattdessen seine Dateien importieren",
    "This many views around the object instead of a list":
        "So viele Ansichten um das Objekt statt einer Liste",
    "Turn a checkpoint that you have into a model; the file itself stays as it is":
        "Einen vorhandenen Checkpoint in ein Modell umwandeln; die Datei selbst bleibt, wie sie "
        "ist",
    "U-2-Net, small: cuts objects out of photos": "U-2-Net, klein: stellt Objekte in Fotos frei",
    "Use this view for the mesh, or leave it out":
        "Diese Ansicht für das Mesh verwenden oder weglassen",
    "Uses the selected objects, or files": "Nimmt die Auswahl oder Dateien",
    "Views to sample, on two rings of elevation":
        "Zu erzeugende Ansichten, auf zwei Ringen verschiedener Höhe",
    "Voxels along each side of the field, from 32; 0 takes the model's own number (96, for "
    "original models on a GPU 160)":
        "Voxel entlang jeder Seite des Feldes, ab 32; 0 nimmt die eigene Zahl des Modells (96, bei "
        "originalen Modellen auf einer GPU 160)",
    "Wait for the jobs to end, or cancel them": "Das Ende der Aufträge abwarten oder sie abbrechen",
    "Wait until the other model is finished, or cancel it":
        "Warten, bis das andere Modell fertig ist, oder es abbrechen",
    "What holds density and colour: a voxel grid, or a hash grid with a network (slower)":
        "Was Dichte und Farbe trägt: ein Voxelgitter oder ein Hash-Gitter mit Netz (langsamer)",
    "What the computer's drivers offer": "Was die Treiber des Computers anbieten",
    "What the picture is to show: one object": "Was das Bild zeigen soll: ein Objekt",
    "What to call it; empty takes the catalogue's name for such a file, else the file's":
        "Wie es heißen soll; leer nimmt den Namen des Katalogs für eine solche Datei, sonst den "
        "der Datei",
    "Where every job gets a folder; empty takes the extension's own folder":
        "Wo jeder Auftrag einen Ordner bekommt; leer nimmt den eigenen Ordner der Erweiterung",
    "Where models are kept; empty takes the engine's own folder":
        "Wo Modelle liegen; leer nimmt den eigenen Ordner der Engine",
    "Whether the mesh is fitted to this view": "Ob das Mesh an diese Ansicht angepasst wird",
    "Which job; empty for all that run or wait":
        "Welcher Auftrag; leer für alle laufenden und wartenden",
    "Which job; empty for the engine itself": "Welcher Auftrag; leer für die Engine selbst",
    "Which job; empty for the last that can go on":
        "Welcher Auftrag; leer für den letzten, der fortgesetzt werden kann",
    "Width and height in pixels, rounded to a multiple of 8; 0 takes the model's own":
        "Breite und Höhe in Pixeln, auf ein Vielfaches von 8 gerundet; 0 nimmt die des Modells",
    "Width and height in pixels; the middle of the view is taken":
        "Breite und Höhe in Pixeln; die Mitte der Ansicht wird genommen",
    "Width and height of a picture in pixels": "Breite und Höhe eines Bildes in Pixeln",
    "Words added to the prompt, so that the object can be cut out; may be empty":
        "Wörter, die an den Text gehängt werden, damit sich das Objekt freistellen lässt; darf "
        "leer sein",
    "Write mesh.obj, with material and texture, beside mesh.glb":
        "Neben mesh.glb auch mesh.obj mit Material und Textur schreiben",
    "Write mesh.ply, with colours at its vertices, beside mesh.glb":
        "Neben mesh.glb auch mesh.ply mit Farben an den Vertices schreiben",
    "Write one turn of the orbit of views to a video file":
        "Eine Drehung des Umlaufs der Ansichten als Videodatei schreiben",
    "Zero-1-to-3 of the paper, 105,000 steps": "Zero-1-to-3 der Veröffentlichung, 105.000 Schritte",
    "Zero123 models hold an image encoder and a cc_projection":
        "Modelle von Zero123 enthalten einen Bild-Encoder und eine cc_projection",
    "Commercial use is allowed; the licence lists uses that are forbidden":
        "Kommerzielle Nutzung ist erlaubt; die Lizenz zählt auf, was verboten ist",
    "SDXL Turbo: makes images from text in one step":
        "SDXL Turbo: macht Bilder aus Text in einem Schritt",
    "Stable Diffusion XL: makes images from text":
        "Stable Diffusion XL: macht Bilder aus Text",
    "Stable Zero123 in half precision, a smaller download":
        "Stable Zero123 in halber Genauigkeit, ein kleinerer Download",
    "Stable Zero123, converted": "Stable Zero123, umgewandelt",
    "The page of this conversion says MIT, but the authors of the weights have stated no licence; "
    "whoever uses them has to answer for it":
        "Die Seite dieser Umwandlung nennt MIT, aber die Autoren der Gewichte haben keine Lizenz "
        "angegeben; wer sie benutzt, trägt selbst die Verantwortung",
    "Zero-1-to-3, 105,000 steps, converted": "Zero-1-to-3, 105.000 Schritte, umgewandelt",
    "Zero-1-to-3, 165,000 steps, converted": "Zero-1-to-3, 165.000 Schritte, umgewandelt",
    "Zero-1-to-3, averaged weights in half precision":
        "Zero-1-to-3, gemittelte Gewichte in halber Genauigkeit",
    "Zero123-XL in half precision, a smaller download":
        "Zero123-XL in halber Genauigkeit, ein kleinerer Download",
    "Zero123-XL, averaged weights in half precision":
        "Zero123-XL, gemittelte Gewichte in halber Genauigkeit",
    "Zero123-XL, converted": "Zero123-XL, umgewandelt",
    "Zero123-XL, trained on Objaverse-XL": "Zero123-XL, an Objaverse-XL trainiert",
    "auto, cpu, cuda, rocm or mps; empty takes the preferences' choice":
        "auto, cpu, cuda, rocm oder mps; leer nimmt die Wahl der Einstellungen",
    "nano: 128 px, made for CPUs, comes with the program":
        "nano: 128 px, für CPUs gemacht, gehört zum Programm",
    "What the image's transparency means: auto decides by its content whether it is a finished "
    "cut-out, trust takes it as it is, ignore removes the background":
        "Was die Transparenz des Bildes bedeutet: „Automatisch“ entscheidet nach dem Inhalt, ob es "
        "schon freigestellt ist, „Vertrauen“ übernimmt sie, „Ignorieren“ entfernt den Hintergrund",
}
