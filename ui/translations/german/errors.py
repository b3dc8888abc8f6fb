# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German for the engine's errors and their hints, in the order of the English texts."""

TEXTS = {
    "a job must have a name": "ein Auftrag braucht einen Namen",
    "a remote job can't add to it: give a new folder":
        "ein anderer Rechner kann ihn nicht ergänzen: einen neuen Ordner angeben",
    "azimuth, elevation and radius must be finite numbers of the same count":
        "azimuth, elevation und radius sind keine endlichen Zahlen, die paarweise passen",
    "cancelled before the end": "vor dem Ende angehalten",
    "change the text or the seed": "den Text oder den Seed ändern",
    "check its name": "den Namen prüfen",
    "check that every view shows the same object at its centre and that its cameras are right":
        "prüfen, ob jede Ansicht dasselbe Objekt in der Mitte zeigt und die Kameras stimmen",
    "check the connection and the disk there, then start the job again":
        "die Verbindung und die Festplatte dort prüfen, dann den Auftrag neu starten",
    "check the engine's Python in the preferences":
        "das Python der Engine in den Einstellungen prüfen",
    "check the file": "die Datei prüfen",
    "check the path": "den Pfad prüfen",
    "check the path, or leave it out to use the built-in method":
        "den Pfad prüfen oder ihn weglassen, um den eingebauten Weg zu benutzen",
    "choose a folder on a disk with more space":
        "einen Ordner auf einer Festplatte mit mehr Platz wählen",
    "choose a folder that you may write to": "einen beschreibbaren Ordner wählen",
    "choose a folder that you may write to, on a disk with free space":
        "einen beschreibbaren Ordner auf einer Festplatte mit freiem Platz wählen",
    "choose a folder that you may write to, with space left":
        "einen beschreibbaren Ordner mit freiem Platz wählen",
    "choose a folder you can write to, with space left":
        "einen beschreibbaren Ordner mit freiem Platz wählen",
    "choose a text-to-image model without code of its own":
        "ein Text-zu-Bild-Modell ohne eigenen Code wählen",
    "choose a text-to-image model, such as Stable Diffusion XL":
        "ein Text-zu-Bild-Modell wählen, etwa Stable Diffusion XL",
    "choose a views.json or a mesh.glb": "eine views.json oder mesh.glb wählen",
    "choose a views.json that Zero123 has written":
        "eine von Zero123 geschriebene views.json wählen",
    "choose another Python for the engine in the preferences":
        "in den Einstellungen ein anderes Python für die Engine wählen",
    "choose another Python for the engine in the preferences, or install the libraries into it":
        "in den Einstellungen ein anderes Python für die Engine wählen oder die Bibliotheken darin "
        "installieren",
    "choose another file": "eine andere Datei wählen",
    "choose another folder": "einen anderen Ordner wählen",
    "choose another frame or tile": "ein anderes Einzelbild oder eine andere Kachel wählen",
    "choose another image": "ein anderes Bild wählen",
    "choose another model, or import a file that you have":
        "ein anderes Modell wählen oder eine vorhandene Datei importieren",
    "choose another results folder in the preferences":
        "in den Einstellungen einen anderen Ordner für Ergebnisse wählen",
    "choose auto or cpu": "auto oder cpu wählen",
    "choose auto, or install a torch built for it":
        "auto wählen oder ein dafür gebautes torch installieren",
    "choose one in the Zero123 tab, or open it in the Image Editor":
        "im Reiter Zero123 eines wählen oder es im Bildeditor öffnen",
    "close other programs and resume the job: the completed work is kept":
        "andere Programme schließen und den Auftrag fortsetzen: Was getan ist, bleibt erhalten",
    "close other programs that use the GPU and resume the job, or resume it on the CPU: the "
    "completed work is kept":
        "andere Programme schließen, die die GPU nutzen, und den Auftrag fortsetzen, oder ihn auf "
        "der CPU fortsetzen: Was getan ist, bleibt erhalten",
    "close other programs that use the GPU, ask for fewer views or samples, or compute on the CPU":
        "andere Programme schließen, die die GPU nutzen, weniger Ansichten oder Samples verlangen "
        "oder auf der CPU rechnen",
    "close other programs, or ask for fewer views or samples or a lower resolution":
        "andere Programme schließen oder weniger Ansichten oder Samples oder eine niedrigere "
        "Auflösung verlangen",
    "close the programs that use it, then try again":
        "die Programme schließen, die sie benutzen, dann noch einmal versuchen",
    "compare its size and digest with those on the model's page":
        "Größe und Prüfsumme mit denen auf der Seite des Modells vergleichen",
    "copy an image, or its path: Blender can't paste images under X11":
        "ein Bild kopieren oder seinen Pfad: unter X11 fügt Blender keine Bilder ein",
    "cut it out by hand and save it with a transparent background":
        "es von Hand freistellen und mit durchsichtigem Hintergrund speichern",
    "ddim can't be used with 1 step: the schedule of the original drops it":
        "DDIM geht nicht mit 1 Schritt: Der Zeitplan des Originals lässt ihn weg",
    "don't use this model, or copy its files into one folder":
        "dieses Modell nicht benutzen oder seine Dateien in einen Ordner kopieren",
    "download it again; if this error persists, do not trust the server":
        "es neu herunterladen; bleibt der Fehler, dem Server nicht trauen",
    "download it, import its checkpoint, or use the bundled model":
        "es herunterladen, seinen Checkpoint importieren oder das mitgelieferte Modell benutzen",
    "downloaded parts are kept; start again to resume":
        "das Heruntergeladene bleibt: neu starten, um fortzufahren",
    "enable the add-on glTF 2.0 format in the preferences":
        "in den Einstellungen das Add-on glTF 2.0 einschalten",
    "enter numbers separated by commas": "durch Kommas getrennte Zahlen angeben",
    "estimate it again, or set it by hand": "sie neu schätzen oder von Hand einstellen",
    "fetch it again, or remove it to use the built-in method":
        "sie neu holen oder entfernen, um den eingebauten Weg zu benutzen",
    "fetch or import the model again": "das Modell neu holen oder importieren",
    "fill it, or make another tile active": "sie füllen oder eine andere Kachel aktivieren",
    "generate an orbit": "einen Orbit erzeugen",
    "generate the views again": "die Ansichten neu erzeugen",
    "get the whole folder of a Zero123 model in diffusers layout":
        "den ganzen Ordner eines Zero123-Modells im diffusers-Layout holen",
    "get the whole folder, or import the model again":
        "den ganzen Ordner holen oder das Modell neu importieren",
    "give 32 to 256, or 0 for the model's default":
        "32 bis 256 angeben, oder 0 für den Wert des Modells",
    "give a folder of Image Variations in diffusers layout":
        "einen Ordner von Image Variations im Layout von diffusers angeben",
    "give a folder of a Zero123 model": "einen Ordner eines Zero123-Modells angeben",
    "give a folder of a text-to-image model in diffusers layout":
        "den Ordner eines Text-zu-Bild-Modells im diffusers-Aufbau angeben",
    "give an original Zero123 checkpoint": "einen originalen Zero123-Checkpoint angeben",
    "give another name for the result": "für das Ergebnis einen anderen Namen angeben",
    "give another name for the result, or move that file away":
        "für das Ergebnis einen anderen Namen angeben oder die Datei verschieben",
    "give another name for the result, or remove the link":
        "für das Ergebnis einen anderen Namen angeben oder die Verknüpfung entfernen",
    "give another name, without slashes": "einen anderen Namen angeben, ohne Schrägstriche",
    "give each job a name of its own": "jedem Auftrag einen eigenen Namen geben",
    "give one value, or one value per view": "einen Wert angeben oder einen Wert je Ansicht",
    "give the .yaml that belongs to it, if it isn't one of the released models":
        "die zugehörige .yaml angeben, wenn es keines der veröffentlichten Modelle ist",
    "give the .yaml that belongs to the checkpoint": "die zum Checkpoint gehörende .yaml angeben",
    "give the checkpoint in it, or a model folder in diffusers layout":
        "den Checkpoint darin oder einen Modellordner im diffusers-Layout angeben",
    "give the file that belongs to the checkpoint, or leave it out":
        "die Datei angeben, die zum Checkpoint gehört, oder sie weglassen",
    "give the folder that contains the wheels": "den Ordner mit den Wheels angeben",
    "give the image": "das Bild angeben",
    "give the image, or leave out the refinement":
        "das Bild angeben oder die Verfeinerung weglassen",
    "give the image, or leave out the rounds": "das Bild angeben oder die Runden weglassen",
    "give the name of a model in the models folder":
        "den Namen eines Modells im Modellordner angeben",
    "give the original's .yaml file, or leave it out":
        "die .yaml-Datei des Originals angeben oder weglassen",
    "import it as made, or with voxels": "es importieren, wie es gemacht wurde, oder mit Voxeln",
    "import the views of the same image, or reconstruct again":
        "die Ansichten desselben Bildes importieren oder neu rekonstruieren",
    "improving views needs the input image and a model":
        "das Verbessern der Ansichten braucht das Eingabebild und ein Modell",
    "indices start at 0": "von 0 an zählen",
    "install OpenSSH's client": "den Client von OpenSSH installieren",
    "install it in the extension's preferences, or choose a Python there that has torch":
        "sie in den Einstellungen der Erweiterung installieren oder dort ein Python mit torch "
        "wählen",
    "install the engine again": "die Engine neu installieren",
    "install the engine again; its log may contain details":
        "die Engine neu installieren; ihr Protokoll sagt vielleicht mehr",
    "it may be malicious: get the checkpoint from its authors":
        "er kann gemacht sein, um zu schaden: den Checkpoint von seinen Autoren holen",
    "leave out the rounds": "die Runden weglassen",
    "leave that out, or choose another text-to-image model":
        "das weglassen oder ein anderes Text-zu-Bild-Modell wählen",
    "let the compositor run, or choose another image":
        "den Compositor laufen lassen oder ein anderes Bild wählen",
    "make room, choose another folder, or import as float16":
        "Platz schaffen, einen anderen Ordner wählen oder als float16 importieren",
    "make room, or choose another models folder":
        "Platz schaffen oder einen anderen Modellordner wählen",
    "move it away, so that it sees the object": "sie wegbewegen, damit sie das Objekt sieht",
    "name a file in it": "eine Datei darin nennen",
    "name a model, or use the method direct":
        "ein Modell nennen oder das Verfahren direct benutzen",
    "name a plane, camera or mesh of a result":
        "eine Ebene, Kamera oder ein Mesh eines Ergebnisses nennen",
    "no elevation fits the image": "kein Höhenwinkel passt zum Bild",
    "no engine was found": "es wurde keine Engine gefunden",
    "no file or folder was given for the result":
        "für das Ergebnis wurde keine Datei und kein Ordner angegeben",
    "no object that can be rendered is selected":
        "kein Objekt ist ausgewählt, das gerendert werden könnte",
    "no object was found in the generated image": "im erzeugten Bild wurde kein Objekt gefunden",
    "no view is selected": "keine Ansicht ist gewählt",
    "no views are chosen": "keine Ansichten sind gewählt",
    "prepare it with engine.imaging.load_input": "es mit engine.imaging.load_input vorbereiten",
    "read and accept it in the Models panel": "sie im Panel Modelle lesen und annehmen",
    "reconstruct one, or import it": "eines rekonstruieren oder importieren",
    "refining needs the input image and a model":
        "das Verfeinern braucht das Eingabebild und ein Modell",
    "reinstall the program, or use the method views":
        "das Programm neu installieren oder das Verfahren views benutzen",
    "remove it, then download or import it again":
        "es entfernen, dann neu herunterladen oder importieren",
    "remove the model, then fetch or import it again":
        "das Modell entfernen, dann neu holen oder importieren",
    "render the scene first": "zuerst die Szene rendern",
    "repair or remove the file": "die Datei reparieren oder entfernen",
    "resume the download, or get the file again":
        "den Download fortsetzen oder die Datei neu holen",
    "run the job again": "den Auftrag noch einmal ausführen",
    "select a camera of this scene": "eine Kamera dieser Szene auswählen",
    "select a plane, camera or mesh that Zero123 has made":
        "eine von Zero123 gemachte Ebene, Kamera oder ein solches Mesh auswählen",
    "select at least one view": "mindestens eine ankreuzen",
    "select its plane, or give its index": "ihre Ebene auswählen oder ihre Nummer angeben",
    "select objects, or choose a folder of files":
        "Objekte auswählen oder einen Ordner mit Dateien wählen",
    "set an HTTP proxy in HTTPS_PROXY, or install socksio into the engine's Python":
        "einen HTTP-Proxy in HTTPS_PROXY setzen oder socksio in das Python der Engine installieren",
    "set the elevation by hand": "die Elevation von Hand einstellen",
    "set the pose encoding to auto": "die Kodierung der Pose auf auto stellen",
    "start from its image": "mit seinem Bild beginnen",
    "start the job again": "den Auftrag neu starten",
    "stopped before the end": "vor dem Ende angehalten",
    "the alpha channel must be 1 on the object and 0 around it":
        "der Alphakanal muss auf dem Objekt 1 und um es herum 0 sein",
    "the engine isn't set up: no Python with torch was found":
        "die Engine ist nicht eingerichtet: kein Python mit torch gefunden",
    "the engine was stopped": "die Engine wurde angehalten",
    "the engine's Python cannot run the engine": "das Python der Engine kann sie nicht ausführen",
    "the image from which these views were generated no longer exists":
        "das Bild, aus dem diese Ansichten gemacht wurden, ist nicht mehr da",
    "the image shows no object": "das Bild zeigt kein Objekt",
    "the installation was cancelled": "die Installation wurde angehalten",
    "the licence was not accepted": "die Lizenz wurde nicht angenommen",
    "the model cannot improve views whose field of view is not its own":
        "das Modell kann Ansichten mit einem anderen Blickwinkel als seinem nicht verbessern",
    "the model was damaged during the transfer": "das Modell wurde bei der Übertragung beschädigt",
    "the model's safety checker refused the image":
        "die Sicherheitsprüfung des Modells hat das Bild abgelehnt",
    "the model's weights are damaged, or its number format is too small":
        "die Gewichte des Modells sind beschädigt, oder sein Zahlenformat ist zu klein",
    "the network's output is not finite": "die Ausgabe des Netzes ist nicht endlich",
    "the optimisation produced no solid object": "die Optimierung ergab kein festes Objekt",
    "the proxy is a SOCKS proxy, and the library for it is missing":
        "der Proxy ist ein SOCKS-Proxy, und die Bibliothek dafür fehlt",
    "the scene contains no mesh of Zero123 to compare":
        "die Szene enthält kein Mesh von Zero123 zum Vergleichen",
    "the views' silhouettes have no shape in common":
        "die Umrisse der Ansichten haben keine gemeinsame Form",
    "the weights of the shape network are missing": "die Gewichte des Formnetzes fehlen",
    "there is no image on the clipboard": "in der Zwischenablage ist kein Bild",
    "there is no render yet": "es wurde noch nichts gerendert",
    "this Blender can't write videos": "dieses Blender kann keine Videos schreiben",
    "this is a bug in the engine; its log has the traceback (command line: --debug)":
        "das ist ein Fehler der Engine; ihr Protokoll enthält den Traceback (Kommandozeile: "
        "--debug)",
    "this job cannot be resumed": "dieser Auftrag kann nicht fortgesetzt werden",
    "this view is not in the list": "diese Ansicht ist nicht in der Liste",
    "try another server (HF_ENDPOINT), or import a file that you have":
        "einen anderen Server versuchen (HF_ENDPOINT) oder eine vorhandene Datei importieren",
    "turn it to the object's centre, with a Track To constraint for example":
        "sie auf die Mitte des Objekts richten, zum Beispiel mit einem Track-To-Constraint",
    "uninstall the program to remove it": "zum Entfernen das Programm deinstallieren",
    "unset HF_HUB_OFFLINE": "HF_HUB_OFFLINE nicht setzen",
    "update the extension and its engine to the same version":
        "die Erweiterung und ihre Engine auf dieselbe Version bringen",
    "update the extension and its engine to the same version, then restart Blender":
        "die Erweiterung und ihre Engine auf dieselbe Version bringen, dann Blender neu starten",
    "use 2 steps or more": "mindestens 2 Schritte nehmen",
    "use an image that shows an object": "ein Bild verwenden, das ein Objekt zeigt",
    "use another seed, or keep the background":
        "einen anderen Seed nehmen oder den Hintergrund behalten",
    "use more iterations, another seed, or the method views":
        "mehr Iterationen, einen anderen Seed oder die Methode views benutzen",
    "use one that is built with FFmpeg": "eines benutzen, das mit FFmpeg gebaut ist",
    "views can only be made in perspective": "Ansichten gibt es nur in Perspektive",
    "wait until it has finished, or give another name":
        "warten, bis er fertig ist, oder einen anderen Namen angeben",
    "wait until that download has ended": "warten, bis dieser Download beendet ist",
}
