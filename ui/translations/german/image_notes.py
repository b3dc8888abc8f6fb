# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German for what a job reports about its input image."""

TEXTS = {
    "Interpreted so because {}": "Grund: {}",
    "The cut-out is uncertain; check it, and if it is wrong use a plainer background or cut the "
    "object out by hand":
        "Der Freisteller ist unsicher; prüfen und, falls er falsch ist, einen ruhigeren "
        "Hintergrund benutzen oder das Objekt von Hand freistellen",
    "The image holds {}-bit values in 16 bits and was brightened {} times":
        "Das Bild enthält {}-Bit-Werte in 16 Bit und wurde um das {}-Fache aufgehellt",
    "The image's colour profile is damaged and was ignored; its colours may be off":
        "Das Farbprofil des Bildes ist beschädigt und wurde ignoriert; die Farben können abweichen",
    "The image's transparency was not used, because {}; alpha=trust takes it as it is":
        "Die Transparenz des Bildes wurde nicht benutzt, Grund: {}; alpha=trust übernimmt sie",
    "The object fills {} of the image, {} off its centre; the models were trained on centred "
    "objects of {} to {}":
        "Das Objekt füllt {} des Bildes, {} neben der Mitte; die Modelle wurden mit Objekten von "
        "{} bis {} in der Mitte trainiert",
    "The object is only {} pixels large; a larger image gives more detail":
        "Das Objekt ist nur {} Pixel groß; ein größeres Bild gibt mehr Einzelheiten",
    "The object is translucent (opacity {}) and is taken as solid":
        "Das Objekt ist durchscheinend (Deckkraft {}) und gilt als undurchsichtig",
    "The object touches the {} border of the image and may be cut off there":
        "Das Objekt berührt den {} Rand des Bildes und ist dort vielleicht abgeschnitten",
    "an object stands on transparency": "ein Objekt steht auf Transparenz",
    "it is equally opaque everywhere": "es ist überall gleich deckend",
    "it is transparent everywhere": "es ist überall durchsichtig",
    "it was cropped to a circle": "es wurde kreisförmig zugeschnitten",
    "its opacity falls off across the frame": "die Deckkraft nimmt über das Bild ab",
    "its opaque part fills the frame": "der deckende Teil füllt das Bild",
    "its opaque part is a rectangle from border to border":
        "der deckende Teil ist ein Rechteck von Rand zu Rand",
    "its opaque part is a rectangle with a soft edge":
        "der deckende Teil ist ein Rechteck mit weichem Rand",
    "its opaque part is an ellipse with a soft edge":
        "der deckende Teil ist eine Ellipse mit weichem Rand",
    "left": "linken",
    "lower": "unteren",
    "only a few pixels are transparent": "nur wenige Pixel sind durchsichtig",
    "right": "rechten",
    "upper": "oberen",
    "{} and {}": "{} und {}",
}
