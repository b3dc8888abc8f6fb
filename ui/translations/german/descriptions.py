# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German for other tooltips and sentences, in the order of the English texts."""

TEXTS = {
    "A views.json file of Zero123; empty uses the active object's":
        "Eine von Zero123 geschriebene views.json; leer nimmt die des aktiven Objekts",
    "A views.json file of Zero123; empty uses the active object's, else that of the listed views":
        "Eine von Zero123 geschriebene views.json; leer nimmt die des aktiven Objekts, sonst die "
        "der ausgewählten Ansichten",
    "A views.json or a mesh.glb that Zero123 has written":
        "Eine von Zero123 geschriebene views.json oder mesh.glb",
    "AMD graphics cards, on Linux": "Grafikprozessoren von AMD, unter Linux",
    "About 5 GB for an original model": "5 GB für ein Modell, wie es veröffentlicht wurde",
    "About how many faces remeshing leaves": "Wie viele Flächen nach dem Neuvernetzen etwa bleiben",
    "Add a camera and point it at the object": "Eine Kamera hinzufügen und auf das Objekt richten",
    "Address of a server to download models from; empty uses HF_ENDPOINT, or else huggingface.co":
        "Adresse eines Servers, von dem Modelle geladen werden; leer nimmt huggingface.co oder was "
        "HF_ENDPOINT nennt",
    "Asked once for every model whose licence restricts its use":
        "Wird einmal für jedes Modell gefragt, dessen Lizenz die Nutzung einschränkt",
    "Blender's glTF importer is switched off": "Blenders glTF-Importer ist abgeschaltet",
    "By the file's name, size and origin": "Nach Name, Größe und Herkunft der Datei",
    "Cancel Zero123 Engine Installation": "Installation der Zero123-Engine abbrechen",
    "Cancel a job at its next step; only meshes and trainings can be resumed later":
        "Einen Auftrag beim nächsten Schritt anhalten; nur ein Mesh oder ein Training kann von "
        "dort aus weitergehen",
    "Cancel the installation; the next one resumes it, and an engine installed before is kept":
        "Die Installation anhalten; die nächste macht dort weiter, eine frühere Engine bleibt",
    "Cancel the work on a model; downloaded parts are kept":
        "Anhalten, was mit einem Modell geschieht; Heruntergeladenes bleibt",
    "Check whether the engine's libraries work and which device it uses":
        "Nachsehen, ob die Bibliotheken der Engine funktionieren und welches Gerät sie findet",
    "Choose several image files, and generate views or a mesh of each":
        "Mehrere Bilddateien wählen und aus jeder Ansichten oder ein Mesh erzeugen",
    "Chosen from the installed drivers": "Was die Treiber des Computers anbieten",
    "Commercial use is allowed; the licence lists uses that are forbidden":
        "Kommerzielle Nutzung ist erlaubt; die Lizenz zählt auf, was verboten ist",
    "Convert a checkpoint file into a model; the file itself is not changed":
        "Einen vorhandenen Checkpoint in ein Modell umwandeln; die Datei selbst bleibt, wie sie "
        "ist",
    "Copy the engine's log to the clipboard, to report a problem":
        "Kopieren, was die Engine über ihre Arbeit geschrieben hat, um ein Problem zu melden",
    "Copy the facts for a problem report: versions, devices, folders and errors":
        "Kopieren, was eine Problemmeldung braucht: Versionen, Geräte, Ordner, was nicht stimmt",
    "Copy the message of a failed job to the clipboard":
        "Die Meldung eines gescheiterten Auftrags kopieren, um sie zu suchen oder zu melden",
    "Create a separate Python for the engine and download its libraries, which take gigabytes":
        "Das eigene Python der Engine anlegen und ihre Bibliotheken hineinladen, einige Gigabyte",
    "Cut the object out of its background; the cut-out becomes the input image":
        "Das Objekt eines Bildes freistellen; mit dem Ergebnis wird weitergearbeitet",
    "Damaged: remove it, then download or import it again": "Beschädigt: entfernen, dann neu holen",
    "Delete a model from the model folder, including partial downloads":
        "Ein Modell und was davon heruntergeladen wurde aus dem Modellordner löschen",
    "Download a model and convert it for the engine; a cancelled download can be resumed":
        "Ein Modell herunterladen und für die Engine umwandeln; ein angehaltener Download geht "
        "später weiter",
    "Each plane fills the frame of its camera": "Jede Ebene füllt das Bild ihrer Kamera",
    "Enable Allow Online Access in the System preferences":
        "In den Einstellungen unter System den Online-Zugriff erlauben",
    "Enable Allow Online Access in the System preferences, or choose an offline bundle: a folder "
    "of wheels":
        "Online-Zugriff in den Einstellungen unter System erlauben, oder ein Offline-Paket "
        "angeben: einen Ordner mit Wheels",
    "Estimate the elevation of the image's camera, and set it":
        "Den Höhenwinkel der Kamera des Bildes schätzen und einstellen",
    "Estimate the elevation of the input image's camera from the image; otherwise set it":
        "Den Höhenwinkel der Kamera des Eingabebilds aus dem Bild schätzen; sonst wird er "
        "eingestellt",
    "Even quads; the texture becomes vertex colours":
        "Gleichmäßige Vierecke; die Textur wird zu Vertexfarben",
    "Fewer triangles; the texture stays": "Weniger Dreiecke; die Textur bleibt",
    "Fine-tune a model on the selected objects, or on a folder of training views or 3D files":
        "Ein Modell auf die ausgewählten Objekte abstimmen, oder auf einen Ordner mit Ansichten "
        "oder 3D-Dateien",
    "Fit the mesh to this view": "Ob das Mesh an diese Ansicht angepasst wird",
    "Folder of the models; empty uses the engine's own folder":
        "Wo Modelle liegen; leer nimmt den eigenen Ordner der Engine",
    "Folder of wheels from which the engine is installed; empty downloads them":
        "Ordner mit Wheels, aus dem die Engine installiert wird; leer lädt sie herunter",
    "Folder of wheels to install from; empty uses the preferences":
        "Ordner mit Wheels für die Installation; leer nimmt den aus den Einstellungen",
    "Folder on the remote computer into which the extension's archive was unpacked":
        "Dort der Ordner, in den das Archiv dieser Erweiterung entpackt wurde",
    "Folder that contains a folder for every job; empty uses the extension's own folder":
        "Wo jeder Auftrag einen Ordner bekommt; leer nimmt den eigenen Ordner der Erweiterung",
    "For models that need an account; empty uses the token that the Hugging Face command line has "
    "saved. Saved in Blender's preferences, never in a .blend file":
        "Für Modelle, die ein Konto verlangen; leer nimmt das, welches das Programm des Hubs "
        "aufbewahrt. Wird mit Blenders Einstellungen gespeichert, nie in einer Ihrer Dateien",
    "For research and other non-commercial use only; what is made with the model must not be sold "
    "either":
        "Nur für Forschung und andere nichtkommerzielle Nutzung; auch was mit dem Modell gemacht "
        "wird, darf nicht verkauft werden",
    "Frames of the timeline that one turn takes": "Bilder der Zeitleiste, die eine Drehung dauert",
    "Free for research and non-commercial use, and for commercial use by those whose yearly "
    "revenue is at most 1,000,000 US dollars; others need a licence of Stability AI":
        "Frei für Forschung und nichtkommerzielle Nutzung, und für kommerzielle bei einem "
        "Jahresumsatz bis 1.000.000 US-Dollar; andere brauchen eine Lizenz von Stability AI",
    "Generate a view as a camera of the scene sees the object, on a plane at that camera":
        "Das Objekt so zeichnen lassen, wie eine Kamera der Szene es sieht, als Ebene an dieser "
        "Kamera",
    "Generate an image of an object from a text; it becomes the input image":
        "Aus einem Text das Bild eines Objekts erzeugen lassen; mit ihm wird weitergearbeitet",
    "Generate new samples of this view only; the first one becomes the view's image":
        "Nur von dieser Ansicht andere Proben erzeugen; die erste wird das Bild der Ansicht",
    "Generate the view from the camera's position; otherwise from its direction at the input "
    "image's distance":
        "Die Ansicht von dort nehmen, wo die Kamera ist; sonst aus ihrer Richtung, im Abstand des "
        "Bildes",
    "Generate views of the object in an image from other sides, as planes with cameras":
        "Das Objekt eines Bildes von anderen Seiten zeichnen lassen, als Referenzebenen mit "
        "Kameras",
    "Generate views or a mesh of the image of every selected image empty or plane":
        "Aus dem Bild jedes ausgewählten Bild-Empties und jeder Ebene Ansichten oder ein Mesh "
        "erzeugen",
    "Half the disk space, with lower precision than Half": "Halber Platz, mit weniger Stellen",
    "Half the disk space; results differ slightly": "Halber Platz; die Ergebnisse weichen etwas ab",
    "How the camera's pose is passed to the network": "Wie dem Netz die Kamera mitgeteilt wird",
    "I Have Read and Accept the Licence": "Ich habe die Lizenz gelesen und nehme sie an",
    "Id of the job; empty cancels all that are running or waiting":
        "Welcher Auftrag; leer für alle laufenden und wartenden",
    "Id of the job; empty copies the engine's own error":
        "Welcher Auftrag; leer für die Engine selbst",
    "Id of the job; empty uses the last one that can be resumed":
        "Welcher Auftrag; leer für den letzten, der fortgesetzt werden kann",
    "Image file to use as input instead of an image in Blender":
        "Bilddatei, von der statt von einem Bild ausgegangen wird",
    "Image of one object; if empty, the active image is used":
        "Bild eines Objekts; ist keines gewählt, wird das aktive Bild genommen",
    "Import the files of the active object's result again, with the same options":
        "Die Dateien des Ergebnisses, zu dem das aktive Objekt gehört, noch einmal hereinholen, "
        "wie sie zuvor kamen",
    "Import views or a mesh from the disk into the scene, in one undo step":
        "Ansichten oder ein Mesh von der Festplatte in die Szene holen, in einem "
        "Rückgängig-Schritt",
    "In rows beside the object, seen from the front":
        "In Reihen neben dem Objekt, von vorn zu sehen",
    "Include this view in the mesh, or leave it out":
        "Diese Ansicht für das Mesh verwenden oder weglassen",
    "Index of the sample in the list, from 0": "Nummer der Probe in der Liste, ab 0",
    "Index of the view in the list, from 0; -1 uses the active object's view":
        "Nummer der Ansicht in der Liste, ab 0; -1 nimmt die des aktiven Objekts",
    "Job of this session whose result is imported":
        "Auftrag dieser Sitzung, dessen Ergebnis importiert wird",
    "Lift the mesh, and the views with it, until it stands on the location":
        "Das Mesh und mit ihm die Ansichten anheben, bis es auf dem Ort steht",
    "List the views of the active object's result, to select those for a mesh":
        "Die Ansichten des Ergebnisses auflisten, zu dem das aktive Objekt gehört, um die für ein "
        "Mesh auszuwählen",
    "Longest side of the object; 0 keeps about 1 unit":
        "Längste Seite des Objekts; 0 lässt etwa 1 Einheit",
    "Minutes without work after which the engine releases its model; 0 keeps it":
        "Minuten ohne Arbeit, nach denen die Engine ihr Modell entlädt; 0 behält es",
    "Name of an object of the result to look at; empty uses the selected one, else the newest "
    "result, else the world's origin":
        "Name eines Objekts des Ergebnisses, auf das geblickt wird; leer nimmt das ausgewählte, "
        "sonst das neueste Ergebnis und ohne eines den Ursprung der Welt",
    "Name of the camera; empty uses the active object, else the scene's camera":
        "Name der Kamera; leer nimmt das aktive Objekt, sonst die der Szene",
    "Name of the input image; empty uses the active image":
        "Name des Bildes, von dem ausgegangen wird; leer nimmt das aktive",
    "Name of the mesh; empty uses that of the active or the newest result":
        "Name des Meshes; leer nimmt das des aktiven oder des neuesten Ergebnisses",
    "Name of the model; empty uses the catalogue's name for this file, else the file's name":
        "Wie es heißen soll; leer nimmt den Namen des Katalogs für eine solche Datei, sonst den "
        "der Datei",
    "Needs a Hugging Face account and its token in the preferences":
        "Braucht ein Konto beim Hub und dessen Schlüssel in den Einstellungen",
    "No graphics card; the smallest download": "Kein Grafikprozessor; am wenigsten herunterzuladen",
    "Opacity of the input image over the mesh": "Wie stark das Bild das Mesh verdeckt",
    "Open the engine's log in a new window with a Text Editor":
        "Was die Engine über ihre Arbeit geschrieben hat, als Text in einem eigenen Fenster öffnen",
    "Original .ckpt or .safetensors file, or u2netp.onnx":
        "Eine .ckpt oder .safetensors des Originals oder u2netp.onnx",
    "Partly downloaded: download again to resume":
        "Teilweise geladen: erneut herunterladen, um fortzufahren",
    "Python on the remote computer with the engine's libraries; the default is the one that python "
    "-m engine install creates":
        "Dort ein Python mit den Bibliotheken der Engine; vorgegeben ist, wo python -m engine "
        "install es anlegt",
    "Python on which to build the engine's; empty uses Blender's":
        "Das Python, auf dem aufgebaut wird; leer nimmt das von Blender",
    "Python with the engine's libraries; empty searches for one":
        "Python mit den Bibliotheken der Engine; leer sucht eines",
    "QuadriFlow can't remesh this mesh": "QuadriFlow kann dieses Mesh nicht neu vernetzen",
    "Quads that follow the shape; the texture becomes vertex colours":
        "Vierecke, die der Form folgen; die Textur wird zu Vertexfarben",
    "Read all files of a model and compare them with their checksums":
        "Alle Dateien eines Modells lesen und mit ihren Prüfsummen vergleichen",
    "Read and accept the licence of an installed model; it cannot be used before":
        "Die Lizenz eines vorhandenen Modells lesen und annehmen; vorher wird es nicht benutzt",
    "Read the results folder again for results and stopped jobs":
        "Erneut nachsehen, welche Ergebnisse im Ergebnisordner liegen und welche Aufträge dort "
        "angehalten wurden",
    "Reconstruct a mesh from every image": "Aus jedem Bild ein Mesh rekonstruieren",
    "Reconstruct a textured mesh from the selected views, with their chosen samples":
        "Aus den angehakten Ansichten mit ihren gewählten Proben ein texturiertes Mesh machen",
    "Reconstruct a textured mesh of the object in an image":
        "Aus dem Objekt eines Bildes ein texturiertes Mesh machen, aus Ansichten aller Seiten",
    "Release the engine's loaded model when no job is running; the next job loads it again":
        "Die Engine das geladene Modell freigeben lassen, sobald kein Auftrag läuft; der nächste "
        "lädt es wieder",
    "Remote computer that runs the engine, as for ssh: user@computer. It must not ask for a "
    "password; empty uses this computer":
        "Ein anderer Rechner, der rechnen soll, wie ssh ihn kennt: benutzer@rechner. Er darf nach "
        "keinem Passwort fragen; leer rechnet auf diesem",
    "Remove a stopped mesh or training from the list, and delete its intermediate results":
        "Ein angehaltenes oder fehlgeschlagenes Mesh oder Training vergessen und löschen, was es "
        "aufgehoben hat",
    "Remove ended jobs from the list; their files and imported results stay":
        "Beendete Aufträge vergessen, die nicht fortgesetzt werden können; ihre Dateien und das "
        "Importierte bleiben",
    "Render training views of the selected objects or of a folder of 3D files":
        "Die ausgewählten Objekte oder einen Ordner mit 3D-Dateien von vielen Seiten rendern, um "
        "daran zu trainieren",
    "Rendered too, unlit and with its transparency. The view transforms AgX and Filmic change its "
    "colours, Standard does not":
        "Wird auch gerendert, unbeleuchtet und mit ihrer Transparenz. Die Ansichtstransformationen "
        "AgX und Filmic verändern ihre Farben, Standard nicht",
    "Rendered too, unlit and with their transparency. The view transforms AgX and Filmic change "
    "their colours, Standard does not":
        "Werden auch gerendert, unbeleuchtet und mit ihrer Transparenz. Die "
        "Ansichtstransformationen AgX und Filmic verändern ihre Farben, Standard nicht",
    "Results can be imported when the render is finished":
        "Ergebnisse können importiert werden, wenn das Rendern beendet ist",
    "Resume a mesh or a training that was stopped or has failed, with the same settings":
        "Ein angehaltenes oder fehlgeschlagenes Mesh oder Training mit denselben Einstellungen "
        "fortsetzen",
    "Run the job of the active object again":
        "Den Auftrag wiederholen, aus dem das aktive Objekt stammt",
    "SDXL Turbo: makes images from text in one step":
        "SDXL Turbo: macht Bilder aus Text in einem Schritt",
    "Save the settings as a preset, or remove the selected preset":
        "Die Einstellungen unter einem Namen merken oder die gewählte Vorlage entfernen",
    "Seen while modelling, never rendered": "Beim Modellieren zu sehen, nie gerendert",
    "Select a plane, camera or mesh that Zero123 has created":
        "Eine von Zero123 gemachte Ebene, Kamera oder ein solches Mesh auswählen",
    "Select a view that Zero123 has created, or list a result's views":
        "Eine von Zero123 gemachte Ansicht oder die Ansichten eines Ergebnisses auswählen",
    "Select image empties, or planes with an image":
        "Bild-Empties oder Ebenen mit einem Bild auswählen",
    "Show each view's image in its camera, behind the scene":
        "Das Bild jeder Ansicht in ihrer Kamera zeigen, hinter dem, was sie sieht",
    "Show or hide the samples of this view":
        "Alle Proben dieser Ansicht zur Auswahl zeigen oder wieder ausblenden",
    "Show the camera of the view in the 3D View; drag its handle to move it":
        "Zeigen, von wo die Ansicht aufgenommen wird; den Griff ziehen, um die Seite zu wählen",
    "Show the image as the network will see it: cut out, cropped and centred":
        "Das Bild zeigen, wie das Netz es sehen wird: freigestellt, zugeschnitten und zentriert",
    "Show the input image over the mesh, seen from the input camera, or return to the last view":
        "Das Mesh von dort ansehen, wo das Bild aufgenommen wurde, mit dem Bild darüber, oder "
        "zurückkehren",
    "Show the orbit of views on one plane that turns as the timeline plays":
        "Den Umlauf der Ansichten auf einer Ebene zeigen, die sich mit der Zeitleiste dreht",
    "Stable Diffusion XL: makes images from text": "Stable Diffusion XL: macht Bilder aus Text",
    "Stable Zero123 C, trained on CC-BY and CC0 objects":
        "Stable Zero123 C, an Objekten unter CC-BY und CC0 trainiert",
    "Stable Zero123 in half precision, a smaller download":
        "Stable Zero123 in halber Genauigkeit, ein kleinerer Download",
    "Stable Zero123, converted": "Stable Zero123, umgewandelt",
    "Start the engine now, so that the first job starts sooner":
        "Die Engine jetzt starten, damit der erste Auftrag nicht auf sie warten muss",
    "Stop the engine and its jobs, and release its memory":
        "Die Engine und ihre Aufträge anhalten und ihren Speicher zurückgeben",
    "Switch to Object Mode": "Aus dem jetzigen Modus in den Objektmodus wechseln",
    "Switch to Object Mode to import results":
        "Zum Importieren von Ergebnissen in den Objektmodus wechseln",
    "The .mp4 file to write; empty uses turntable.mp4 beside the views":
        "Die zu schreibende .mp4-Datei; leer nimmt turntable.mp4 neben den Ansichten",
    "The authors have stated no licence for these weights, so nobody has been given permission to "
    "use them; whoever uses them is responsible for it":
        "Die Urheber haben für diese Gewichte keine Lizenz genannt, niemandem ist also etwas "
        "erlaubt; wer sie benutzt, muss es verantworten",
    "The engine's triangles with their texture": "Die Dreiecke der Engine mit ihrer Textur",
    "The log is empty": "Die Engine hat noch nichts geschrieben",
    "The original .yaml file, if the model is not one of the published ones":
        "Die .yaml des Originals, wenn das Modell keines der veröffentlichten ist",
    "The page of this conversion says MIT, but the authors of the weights have stated no licence; "
    "whoever uses them is responsible for it":
        "Die Seite dieser Umwandlung nennt MIT, aber die Autoren der Gewichte haben keine Lizenz "
        "angegeben; wer sie benutzt, trägt selbst die Verantwortung",
    "The same seed gives the same samples; -1 uses a new seed":
        "Gleicher Startwert, gleiche Proben; -1 nimmt einen neuen",
    "There is no stopped mesh or training": "Es wurde kein Mesh oder Training angehalten",
    "This job is no longer in the list; import its files instead":
        "Dieser Auftrag ist nicht mehr bekannt; stattdessen seine Dateien importieren",
    "U-2-Net, small: cuts objects out of photos": "U-2-Net, klein: stellt Objekte in Fotos frei",
    "Use a new random seed, which gives another result":
        "Ein anderes Ergebnis ziehen statt desselben",
    "Use an image file as the input image": "Mit einer Bilddatei arbeiten",
    "Use the elevation and distance of the input image for the new views":
        "Die neuen Ansichten aus Höhe und Abstand des Bildes aufnehmen",
    "Use the image on the clipboard, or the image file whose path is there":
        "Das Bild aus der Zwischenablage nehmen oder die Bilddatei, deren Pfad dort steht",
    "Use the last render as the input image; nothing is rendered again":
        "Als Bild nehmen, was zuletzt gerendert wurde; es wird nicht neu gerendert",
    "Use the weights of the last training step instead of the averaged ones":
        "Die Gewichte des letzten Trainingsschritts statt der gemittelten",
    "Use this sample for the view and show it on the view's plane":
        "Diese Probe für die Ansicht nehmen, auch auf ihrer Ebene in der Szene",
    "Use what the 3D View shows as the input image, without overlays and background":
        "Als Bild nehmen, was die 3D-Ansicht zeigt, ohne Überlagerungen und Hintergrund",
    "Uses the selected objects, or files": "Nimmt die Auswahl oder Dateien",
    "Wait until the jobs have ended, or cancel them":
        "Das Ende der Aufträge abwarten oder sie abbrechen",
    "Wait until the other model is ready, or cancel it":
        "Warten, bis das andere Modell fertig ist, oder es abbrechen",
    "Width and height in pixels; the middle of the view is used":
        "Breite und Höhe in Pixeln; die Mitte der Ansicht wird genommen",
    "Write one turn of the orbit of views to a video file":
        "Eine Drehung des Umlaufs der Ansichten als Videodatei schreiben",
    "Zero-1-to-3 of the paper, 105,000 steps": "Zero-1-to-3 der Veröffentlichung, 105.000 Schritte",
    "Zero-1-to-3, 105,000 steps, converted": "Zero-1-to-3, 105.000 Schritte, umgewandelt",
    "Zero-1-to-3, 165,000 steps, converted": "Zero-1-to-3, 165.000 Schritte, umgewandelt",
    "Zero-1-to-3, averaged weights in half precision":
        "Zero-1-to-3, gemittelte Gewichte in halber Genauigkeit",
    "Zero123 models hold an image encoder and a cc_projection":
        "Modelle von Zero123 enthalten einen Bild-Encoder und eine cc_projection",
    "Zero123-XL in half precision, a smaller download":
        "Zero123-XL in halber Genauigkeit, ein kleinerer Download",
    "Zero123-XL, averaged weights in half precision":
        "Zero123-XL, gemittelte Gewichte in halber Genauigkeit",
    "Zero123-XL, converted": "Zero123-XL, umgewandelt",
    "Zero123-XL, trained on Objaverse-XL": "Zero123-XL, an Objaverse-XL trainiert",
    "auto, cpu, cuda, rocm or mps; empty uses the preferences":
        "auto, cpu, cuda, rocm oder mps; leer nimmt die Wahl der Einstellungen",
    "nano: 128 px, made for CPUs, comes with the program":
        "nano: 128 px, für CPUs gemacht, gehört zum Programm",
}
